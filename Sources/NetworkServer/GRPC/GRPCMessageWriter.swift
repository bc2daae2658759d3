internal import Compression
internal import NIOCore

/// Takes the messages of a streamed answer.
///
/// The first leaves at once, and so does one that comes a while after the last; others are gathered to pieces. A call
/// blocks while the client does not read, and throws `HTTPClientGone` once nobody waits for more: the stream was
/// reset, the connection closed, or the call's deadline passed.
public struct GRPCMessageWriter {
    private let exchange: Exchange
    private let request: HTTPRequest
    /// Packs larger messages; nil where the client's own are not packed.
    private let deflater: Deflater?
    private var buffer: [UInt8] = []
    private var packed: [UInt8] = []
    private var lastSend: EventLoopFuture<Void>?
    private var lastSentAt: ContinuousClock.Instant?
    private var gatheredByteCount = 4 << 10
    private(set) var isBegun = false

    /// The most bytes sent at once: when they were taken, the client has shown that it reads.
    private static let pieceByteCount = 64 << 10
    /// Messages that come more seldom are not worth holding back.
    private static let gatherTime = Duration.milliseconds(10)
    private static let packedByteCountMin = 1024

    init(exchange: Exchange, request: HTTPRequest, deflater: Deflater?) {
        self.exchange = exchange
        self.request = request
        self.deflater = deflater
    }

    /// Writes one message.
    public mutating func write(message: [UInt8]) throws {
        try message.withUnsafeBytes { try write(message: $0) }
    }

    /// Writes one message.
    public mutating func write(message: UnsafeRawBufferPointer) throws {
        guard request.isClientConnected else { throw HTTPClientGone() }
        if let deflater, message.count > Self.packedByteCountMin {
            packed.removeAll(keepingCapacity: packed.capacity <= Self.pieceByteCount)
            deflater.pack(message, onto: &packed)
            buffer += CallFraming.prefix(packed.count, isPacked: true)
            // Lent to itself while it appends, it would be copied.
            let bytes = packed
            try bytes.withUnsafeBytes { try append($0) }
        } else {
            buffer += CallFraming.prefix(message.count, isPacked: false)
            try append(message)
        }
        if buffer.isEmpty { return }
        let now = ContinuousClock.now
        let isSeldom = lastSentAt.map { $0.duration(to: now) >= Self.gatherTime } ?? true
        guard isSeldom || buffer.count >= gatheredByteCount else { return }
        gatheredByteCount = min(2 * gatheredByteCount, Self.pieceByteCount)
        try send(at: now)
    }

    /// Sends what was gathered: before a pause of which the handler knows.
    public mutating func flush() throws {
        if !buffer.isEmpty { try send(at: .now) }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceByteCount - min(buffer.count, Self.pieceByteCount - 1))
            buffer.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
            if buffer.count >= Self.pieceByteCount { try send(at: .now) }
        }
    }

    private mutating func send(at now: ContinuousClock.Instant) throws {
        do {
            try lastSend?.wait()
        } catch {
            throw HTTPClientGone()
        }
        if isBegun {
            lastSend = exchange.sendMore(buffer, isLast: false)
        } else {
            lastSend = exchange.beginAnswer(.callHead(packs: deflater != nil), buffer)
            isBegun = true
        }
        lastSentAt = now
        buffer = []
        buffer.reserveCapacity(gatheredByteCount)
    }

    /// Ends the call. Nobody waits for the last piece: the connection keeps the order.
    mutating func end(_ status: GRPCStatus?) {
        let ending = status.map { HTTPResponse($0) }
        guard isBegun else {
            var answer = ending ?? .callHead(packs: false)
            if ending == nil { answer.trailers = HTTPResponse.callSuccess }
            exchange.answer(answer)
            return
        }
        exchange.endAnswer(buffer, trailers: ending?.trailers ?? HTTPResponse.callSuccess)
    }
}
