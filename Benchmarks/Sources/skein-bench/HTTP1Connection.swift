import Foundation

/// A connection that posts over HTTP/1.1, one post at a time.
final class HTTP1Connection: LoadConnection {
    let calls = [PostCall()]
    private let address: SocketAddress
    private let format: LoadFormat
    private let framing: BodyFraming
    private let input: UnsafeMutableRawBufferPointer
    private var socket: Socket?
    private var parser = HTTPResponseParser()
    private var request: [UInt8] = []
    private var written = 0
    private var current: PostCall?
    private var answers: [(call: PostCall, answer: PostAnswer)] = []

    /// `input` is where bytes are read into; connections of one thread may share it.
    init(to address: SocketAddress, _ format: LoadFormat, _ framing: BodyFraming, input: UnsafeMutableRawBufferPointer)
    {
        self.address = address
        self.format = format
        self.framing = framing
        self.input = input
    }

    var descriptor: Int32? { socket?.descriptor }
    var hasOutput: Bool { written < request.count }

    func send(_ call: PostCall) throws {
        if socket == nil {
            socket = try Socket(to: address, isBlocking: false)
            parser = HTTPResponseParser()
        }
        framing.write(call.body, format, into: &request)
        written = 0
        current = call
        write()
    }

    func write() {
        while let socket, written < request.count {
            switch socket.write(request, from: written) {
            case .moved(let count): written += count
            case .wouldBlock: return
            case .closed:
                // An answer may have come before the end of the request: `read` finds it, or the end.
                written = request.count
            }
        }
    }

    func read() throws {
        guard let socket else { return }
        switch socket.read(into: input) {
        case .wouldBlock: return
        case .closed:
            close()
            if let call = current { finish(call, .lost) }
            return
        case .moved(let count):
            parser.append(UnsafeRawBufferPointer(rebasing: input[..<count]))
        }
        guard let response = try parser.next() else { return }
        // What was not sent of the request would be taken for the next one.
        if response.closes || hasOutput { close() }
        guard let call = current else { throw BenchError("an answer \(response.status) that nobody asked for") }
        finish(call, answer(response))
    }

    func takeAnswers() -> [(call: PostCall, answer: PostAnswer)] {
        defer { answers.removeAll(keepingCapacity: true) }
        return answers
    }

    private func close() {
        socket = nil
        request.removeAll(keepingCapacity: true)
        written = 0
    }

    private func finish(_ call: PostCall, _ answer: PostAnswer) {
        current = nil
        answers.append((call, answer))
    }

    private func answer(_ response: HTTPResponse) -> PostAnswer {
        if response.status == format.acceptedStatus {
            return format.isPartial(response.body) ? .refused("partial success") : .accepted
        }
        // 429 is the polite form for one sender's limit.
        if response.status == 503 || response.status == 429 {
            guard let seconds = response.headers["retry-after"].flatMap({ Double($0) }) else {
                return .refused("\(response.status) without Retry-After")
            }
            return .wait(seconds)
        }
        return .refused("\(response.status)")
    }
}

/// How the length of a body is told.
enum BodyFraming: String, CaseIterable {
    /// As Envoy does it: one chunk, no content-length.
    case chunked
    case length

    /// A whole request with the given body.
    func write(_ body: [UInt8], _ format: LoadFormat, into request: inout [UInt8]) {
        request.removeAll(keepingCapacity: true)
        let size = self == .chunked ? "transfer-encoding: chunked" : "content-length: \(body.count)"
        let sender =
            self == .chunked
            ? "x-envoy-internal: true\r\nx-forwarded-for: 10.244.1.20\r\nx-envoy-expected-rq-timeout-ms: 5000\r\n"
            : "accept-encoding: gzip, deflate\r\naccept: */*\r\nuser-agent: \(Self.userAgent)\r\n"
        let head =
            "POST \(format.path) HTTP/1.1\r\nhost: \(format.listener).istio-system.svc.cluster.local\r\n"
            + "content-type: \(format.contentType)\r\n\(sender)\(size)\r\n\r\n"
        request.append(contentsOf: head.utf8)
        if self == .chunked { request.append(contentsOf: (String(body.count, radix: 16) + "\r\n").utf8) }
        request.append(contentsOf: body)
        if self == .chunked { request.append(contentsOf: "\r\n0\r\n\r\n".utf8) }
    }

    static let userAgent = "skein-bench"
}
