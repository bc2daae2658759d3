import Foundation

/// A connection that makes unary calls of gRPC over HTTP/2 in clear text, several at once.
///
/// What it sends keeps to the peer's windows for the connection and for each stream, and to its frame size. Answers
/// are read in full: the status is that of the trailers, through a whole HPACK decoder.
final class GRPCConnection: LoadConnection {
    let calls: [PostCall]
    private let address: SocketAddress
    private let path: String
    private let input: UnsafeMutableRawBufferPointer
    private var socket: Socket?
    private var parser = HTTP2FrameParser()
    private var headers = HPACKDecoder()
    private var output: [UInt8] = []
    private var written = 0
    private var answers: [(call: PostCall, answer: PostAnswer)] = []

    private var streams: [UInt32: Stream] = [:]
    /// Streams with bytes to send, the one whose turn it is first.
    private var sending: [UInt32] = []
    private var nextStream: UInt32 = 1
    /// The stream whose header block goes on in the next frame, and the block so far.
    private var openBlock: (stream: UInt32, endsStream: Bool, bytes: [UInt8])?
    private var isGoingAway = false

    // What the peer allows.
    private var window = initialWindow
    private var streamWindow = initialWindow
    private var frameByteCountMax = 16_384
    /// Bytes of data since the peer was last given room for more.
    private var receivedByteCount = 0

    private static let initialWindow = 65_535
    /// Frames are made only so far ahead of what the socket takes.
    private static let outputByteCountMax = 262_144

    private final class Stream {
        let call: PostCall
        /// Of the message, its head included.
        var sent = 0
        var window: Int
        var fields: [String: String] = [:]
        var message: [UInt8] = []

        init(_ call: PostCall, window: Int) {
            self.call = call
            self.window = window
        }
    }

    /// `input` is where bytes are read into; connections of one thread may share it.
    init(to address: SocketAddress, path: String, streams: Int, input: UnsafeMutableRawBufferPointer) {
        self.address = address
        self.path = path
        self.input = input
        calls = (0..<streams).map { _ in PostCall() }
    }

    var descriptor: Int32? { socket?.descriptor }
    var hasOutput: Bool { written < output.count }

    func takeAnswers() -> [(call: PostCall, answer: PostAnswer)] {
        defer { answers.removeAll(keepingCapacity: true) }
        return answers
    }

    // MARK: Sending

    func send(_ call: PostCall) throws {
        if isGoingAway && streams.isEmpty { close() }
        if socket == nil { try open() }
        let number = nextStream
        nextStream += 2
        streams[number] = Stream(call, window: streamWindow)
        sending.append(number)
        let block = requestBlock
        HTTP2.appendHead(
            .headers, flags: HTTP2.Flag.endHeaders, stream: number, byteCount: block.count, to: &output)
        output += block
        write()
    }

    private func open() throws {
        socket = try Socket(to: address, isBlocking: false)
        parser = HTTP2FrameParser()
        headers = HPACKDecoder()
        (output, written) = (HTTP2.preface, 0)
        HTTP2.appendHead(.settings, byteCount: 0, to: &output)
        nextStream = 1
        (window, streamWindow, frameByteCountMax) = (Self.initialWindow, Self.initialWindow, 16_384)
        (receivedByteCount, isGoingAway, openBlock) = (0, false, nil)
    }

    private lazy var requestBlock = HTTP2.requestBlock(path: path, address)

    func write() {
        while let socket {
            if !hasOutput {
                output.removeAll(keepingCapacity: true)
                written = 0
                fillOutput()
                if !hasOutput { return }
            }
            switch socket.write(output, from: written) {
            case .moved(let count): written += count
            case .wouldBlock: return
            case .closed: return lose()
            }
        }
    }

    /// Makes data frames of what the windows allow, one stream after the other.
    private func fillOutput() {
        var turns = sending.count
        while turns > 0 && !sending.isEmpty && output.count < Self.outputByteCountMax && window > 0 {
            let number = sending.removeFirst()
            guard let stream = streams[number] else {
                turns -= 1
                continue
            }
            let total = stream.call.body.count + 5
            let count = min(total - stream.sent, window, stream.window, frameByteCountMax)
            if count > 0 {
                append(stream, number, count)
                turns = sending.count + 2
            }
            turns -= 1
            if stream.sent < total { sending.append(number) }
        }
    }

    private func append(_ stream: Stream, _ number: UInt32, _ count: Int) {
        let body = stream.call.body
        let isLast = stream.sent + count == body.count + 5
        HTTP2.appendHead(
            .data, flags: isLast ? HTTP2.Flag.endStream : 0, stream: number, byteCount: count, to: &output)
        var left = count
        if stream.sent < 5 {
            var head: [UInt8] = [0]
            HTTP2.append(UInt32(body.count), to: &head)
            let part = head[stream.sent..<min(5, stream.sent + left)]
            output += part
            left -= part.count
        }
        let start = stream.sent + count - left - 5
        if left > 0 { output += body[start..<(start + left)] }
        stream.sent += count
        stream.window -= count
        window -= count
    }

    // MARK: Receiving

    func read() throws {
        guard let socket else { return }
        switch socket.read(into: input) {
        case .wouldBlock: return
        case .closed: return lose()
        case .moved(let count): parser.append(UnsafeRawBufferPointer(rebasing: input[..<count]))
        }
        while let frame = try parser.next() { try take(frame) }
        if isGoingAway && streams.isEmpty { return close() }
        write()
    }

    private func take(_ frame: HTTP2.Frame) throws {
        if let openBlock, frame.type != .continuation || frame.stream != openBlock.stream {
            throw BenchError("a header block of stream \(openBlock.stream) that is cut short")
        }
        switch frame.type {
        case .headers:
            openBlock = (frame.stream, frame.has(HTTP2.Flag.endStream), Array(try frame.content()))
            try endBlock(frame)
        case .continuation:
            openBlock?.bytes += frame.payload
            try endBlock(frame)
        case .data: try takeData(frame)
        case .settings:
            guard !frame.has(HTTP2.Flag.acknowledgement) else { return }
            takeSettings(frame.payload)
            HTTP2.appendHead(.settings, flags: HTTP2.Flag.acknowledgement, byteCount: 0, to: &output)
        case .ping:
            guard !frame.has(HTTP2.Flag.acknowledgement) else { return }
            HTTP2.appendHead(
                .ping, flags: HTTP2.Flag.acknowledgement, byteCount: frame.payload.count, to: &output)
            output += frame.payload
        case .windowUpdate:
            let more = Int(HTTP2.number(frame.payload) & 0x7FFF_FFFF)
            if frame.stream == 0 { window += more } else { streams[frame.stream]?.window += more }
        case .resetStream:
            // A refused stream was not worked on at all, and may be sent again: the polite form of the transport.
            let code = HTTP2.number(frame.payload)
            finish(frame.stream, code == 7 ? .wait(0) : .refused("RST_STREAM \(code)"))
        case .goAway:
            isGoingAway = true
            let last = HTTP2.number(frame.payload.prefix(4)) & 0x7FFF_FFFF
            for number in streams.keys where number > last { finish(number, .wait(0)) }
        case nil: break
        }
    }

    private func takeSettings(_ payload: ArraySlice<UInt8>) {
        var rest = payload
        while rest.count >= 6 {
            let name = UInt16(HTTP2.number(rest.prefix(2)))
            let value = Int(HTTP2.number(rest.dropFirst(2).prefix(4)))
            rest = rest.dropFirst(6)
            if name == HTTP2.Setting.initialWindowSize {
                for stream in streams.values { stream.window += value - streamWindow }
                streamWindow = value
            } else if name == HTTP2.Setting.frameByteCountMax {
                frameByteCountMax = value
            }
        }
    }

    private func takeData(_ frame: HTTP2.Frame) throws {
        receivedByteCount += frame.payload.count
        if receivedByteCount > Self.initialWindow / 2 {
            HTTP2.appendWindow(receivedByteCount, stream: 0, to: &output)
            receivedByteCount = 0
        }
        streams[frame.stream]?.message += try frame.content()
        if frame.has(HTTP2.Flag.endStream) { finish(frame.stream, .refused("no trailers")) }
    }

    private func endBlock(_ frame: HTTP2.Frame) throws {
        guard frame.has(HTTP2.Flag.endHeaders), let block = openBlock else { return }
        openBlock = nil
        let fields = try headers.decode(block.bytes)
        guard let stream = streams[block.stream] else { return }
        stream.fields.merge(fields) { $1 }
        if block.endsStream { finish(block.stream, answer(stream)) }
    }

    private func answer(_ stream: Stream) -> PostAnswer {
        guard let status = stream.fields["grpc-status"] else {
            return .refused("HTTP \(stream.fields[":status"] ?? "?") without grpc-status")
        }
        if status == "0" {
            // One message without compression, and nothing in it but an empty partial success.
            guard stream.message.count >= 5 else { return .refused("OK without a message") }
            return LoadFormat.otlpGRPC.isPartial(Array(stream.message.dropFirst(5)))
                ? .refused("partial success") : .accepted
        }
        guard status == "14" else { return .refused("grpc-status \(status)") }
        guard let seconds = RetryInfo.seconds(stream.fields["grpc-status-details-bin"]) else {
            return .refused("UNAVAILABLE without RetryInfo")
        }
        return .wait(seconds)
    }

    private func finish(_ number: UInt32, _ answer: PostAnswer) {
        guard let stream = streams.removeValue(forKey: number) else { return }
        if stream.sent < stream.call.body.count + 5, answer != .lost, socket != nil {
            // Nothing more is sent of it: the peer is told, lest it wait for the rest.
            HTTP2.appendHead(.resetStream, stream: number, byteCount: 4, to: &output)
            HTTP2.append(8, to: &output)
        }
        sending.removeAll { $0 == number }
        answers.append((stream.call, answer))
    }

    private func lose() {
        close()
        for number in streams.keys { finish(number, .lost) }
    }

    private func close() {
        socket = nil
        output.removeAll(keepingCapacity: true)
        written = 0
        sending.removeAll()
    }
}
