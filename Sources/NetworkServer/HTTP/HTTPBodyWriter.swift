internal import Compression
internal import NIOCore

/// Takes the body of a streamed answer piece by piece.
///
/// Pieces are gathered and sent as the client reads them; a call blocks while it does not. Every call throws
/// `HTTPClientGone` once nobody reads any more.
public struct HTTPBodyWriter {
    private let exchange: Exchange
    private var response: HTTPResponse
    private let deflater: Deflater?
    private var buffer: [UInt8] = []
    private var packed: [UInt8] = []
    private var lastSend: EventLoopFuture<Void>?
    /// The head and some of the body are on their way.
    public private(set) var isBegun = false
    /// Bytes gathered before the first are sent, at least a piece. An answer of fewer is sent whole, with its length,
    /// and its head may be changed up to the end.
    public var heldByteCountMax = 0

    private static let pieceByteCount = 64 << 10

    init(exchange: Exchange, response: HTTPResponse, deflater: Deflater?) {
        self.exchange = exchange
        self.response = response
        self.deflater = deflater
    }

    /// Adds a field to the head, before it is sent.
    public mutating func addHeader(_ name: String, _ value: String) {
        precondition(!isBegun, "the head is not sent yet")
        response.headers.append((name, value))
    }

    public mutating func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    public mutating func write(_ text: String) throws {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= sentByteCountMin { try send() }
    }

    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(sentByteCountMin - min(buffer.count, sentByteCountMin - 1))
            buffer.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
            if buffer.count >= sentByteCountMin { try send() }
        }
    }

    /// How much is gathered before it is sent.
    private var sentByteCountMin: Int {
        isBegun ? Self.pieceByteCount : max(Self.pieceByteCount, heldByteCountMax)
    }

    /// Sends what was gathered, for a client that shows an answer while it grows.
    public mutating func flush() throws {
        try send(flushes: true)
    }

    private mutating func send(flushes: Bool = false) throws {
        if let deflater {
            if !isBegun { deflater.begin() }
            buffer.withUnsafeBytes { deflater.append($0, onto: &packed) }
            buffer.removeAll(keepingCapacity: true)
            if flushes { deflater.flush(onto: &packed) }
            // A little packed output waits for more; the head must not wait for ever, though.
            guard packed.count >= Self.pieceByteCount / 4 || flushes || !isBegun else { return }
            try sendPiece(packed)
            packed = []
        } else {
            try sendPiece(buffer)
            buffer = []
        }
    }

    private mutating func sendPiece(_ piece: [UInt8]) throws {
        try awaitLastSend()
        if isBegun {
            lastSend = exchange.sendMore(piece, isLast: false)
        } else {
            lastSend = exchange.beginAnswer(deflater == nil ? response : AnswerDelivery.markedPacked(response), piece)
            isBegun = true
        }
    }

    private mutating func awaitLastSend() throws {
        do {
            try lastSend?.wait()
        } catch {
            throw HTTPClientGone()
        }
    }

    /// Ends the body, once the producer is through.
    mutating func finish() throws {
        guard isBegun else {
            var whole = response
            whole.body = .bytes(buffer)
            exchange.answer(AnswerDelivery.packed(whole, with: deflater))
            return
        }
        if let deflater {
            buffer.withUnsafeBytes { deflater.append($0, onto: &packed) }
            deflater.finish(onto: &packed)
            buffer = packed
        }
        try awaitLastSend()
        // Nobody waits for the last piece: the connection keeps the order.
        _ = exchange.sendMore(buffer, isLast: true)
    }
}
