import Foundation

/// The channel of the APIs over gRPC: a call with one message, and any number of messages in the answer.
final class GRPCChannel: QueryChannel {
    private let address: SocketAddress
    private var socket: Socket?
    private var parser = HTTP2FrameParser()
    private var headers = HPACKDecoder()
    private var nextStream: UInt32 = 1
    /// Bytes of data of the connection since the peer was last given room for more.
    private var receivedByteCount = 0
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 16)

    /// Of each stream and of the connection; what clients settle on over a fast network.
    private static let windowByteCount = 1 << 20
    private static let initialWindow = 65_535

    private struct Call {
        let stream: UInt32
        var answer = QueryAnswer()
        var splitter = GRPCMessageSplitter()
        var fields: [String: String] = [:]
        var block: [UInt8] = []
        var blockEndsStream = false
        var isDone = false
        /// Bytes since the stream was last given room for more.
        var receivedByteCount = 0
    }

    init(to address: SocketAddress) {
        self.address = address
    }

    deinit {
        input.deallocate()
    }

    func ask(_ question: Question, pace: ReadingPace) throws -> QueryAnswer {
        let connection = try socket ?? open()
        var call = Call(stream: nextStream)
        nextStream += 2
        var pace = pace
        let begin = CPUClock.wall()
        try connection.writeAll(request(question, call.stream))
        while !call.isDone {
            guard case .moved(let count) = connection.read(into: input) else {
                socket = nil
                throw BenchError("the connection broke on \(question.path)")
            }
            parser.append(UnsafeRawBufferPointer(rebasing: input[..<count]))
            var output: [UInt8] = []
            let wasEmpty = call.answer.body.isEmpty
            while let frame = try parser.next() { try take(frame, &call, &output) }
            if wasEmpty && !call.answer.body.isEmpty { call.answer.firstByteSeconds = CPUClock.wall() - begin }
            pace.didRead(count)
            if !output.isEmpty { try connection.writeAll(output) }
        }
        call.answer.seconds = CPUClock.wall() - begin
        guard let status = call.fields["grpc-status"].flatMap({ Int($0) }) else {
            throw BenchError("\(question.path): HTTP \(call.fields[":status"] ?? "?") without grpc-status")
        }
        call.answer.status = status == 0 ? 200 : -status
        return call.answer
    }

    private func open() throws -> Socket {
        let connection = try Socket(to: address, isBlocking: true)
        (parser, headers, nextStream, receivedByteCount) = (HTTP2FrameParser(), HPACKDecoder(), 1, 0)
        var output = HTTP2.preface
        HTTP2.appendHead(.settings, byteCount: 6, to: &output)
        output += [0, UInt8(HTTP2.Setting.initialWindowSize)]
        HTTP2.append(UInt32(Self.windowByteCount), to: &output)
        HTTP2.appendWindow(Self.windowByteCount - Self.initialWindow, stream: 0, to: &output)
        try connection.writeAll(output)
        socket = connection
        return connection
    }

    private func request(_ question: Question, _ stream: UInt32) -> [UInt8] {
        var output: [UInt8] = []
        let block = HTTP2.requestBlock(path: question.path, address)
        HTTP2.appendHead(.headers, flags: HTTP2.Flag.endHeaders, stream: stream, byteCount: block.count, to: &output)
        output += block
        let count = question.message.count
        HTTP2.appendHead(.data, flags: HTTP2.Flag.endStream, stream: stream, byteCount: count + 5, to: &output)
        output.append(0)
        HTTP2.append(UInt32(count), to: &output)
        return output + question.message
    }

    private func take(_ frame: HTTP2.Frame, _ call: inout Call, _ output: inout [UInt8]) throws {
        switch frame.type {
        case .headers, .continuation:
            if frame.type == .headers { (call.block, call.blockEndsStream) = ([], frame.has(HTTP2.Flag.endStream)) }
            call.block += try frame.content()
            guard frame.has(HTTP2.Flag.endHeaders) else { return }
            let fields = try headers.decode(call.block)
            guard frame.stream == call.stream else { return }
            call.fields.merge(fields) { $1 }
            if call.blockEndsStream { call.isDone = true }
        case .data:
            receivedByteCount += frame.payload.count
            if receivedByteCount > Self.windowByteCount / 4 {
                HTTP2.appendWindow(receivedByteCount, stream: 0, to: &output)
                receivedByteCount = 0
            }
            guard frame.stream == call.stream else { return }
            try call.splitter.take(try frame.content(), &call.answer.body)
            call.receivedByteCount += frame.payload.count
            if call.receivedByteCount > Self.windowByteCount / 4 {
                HTTP2.appendWindow(call.receivedByteCount, stream: call.stream, to: &output)
                call.receivedByteCount = 0
            }
            if frame.has(HTTP2.Flag.endStream) { call.isDone = true }
        case .settings where !frame.has(HTTP2.Flag.acknowledgement):
            HTTP2.appendHead(.settings, flags: HTTP2.Flag.acknowledgement, byteCount: 0, to: &output)
        case .ping where !frame.has(HTTP2.Flag.acknowledgement):
            HTTP2.appendHead(.ping, flags: HTTP2.Flag.acknowledgement, byteCount: frame.payload.count, to: &output)
            output += frame.payload
        case .resetStream where frame.stream == call.stream:
            throw BenchError("RST_STREAM \(HTTP2.number(frame.payload))")
        case .goAway: throw BenchError("GOAWAY")
        default: break
        }
    }
}

/// Takes the messages of a stream out of their frames, wherever those are cut.
struct GRPCMessageSplitter {
    private var head: [UInt8] = []
    private var left = 0

    /// Appends what the bytes hold of messages to `body`.
    mutating func take(_ bytes: ArraySlice<UInt8>, _ body: inout [UInt8]) throws {
        var rest = bytes
        while !rest.isEmpty {
            if left > 0 {
                let part = rest.prefix(left)
                body += part
                left -= part.count
                rest = rest.dropFirst(part.count)
                continue
            }
            let part = rest.prefix(5 - head.count)
            head += part
            rest = rest.dropFirst(part.count)
            guard head.count == 5 else { return }
            guard head[0] == 0 else { throw BenchError("a compressed message") }
            left = Int(HTTP2.number(head[1...]))
            head.removeAll(keepingCapacity: true)
        }
    }
}
