import Foundation

/// What is asked of one API.
struct Question {
    /// A path with its query, or a method of gRPC.
    let path: String
    /// Of HTTP: the type that is accepted. Of gRPC: none.
    var accept = "application/json"
    /// Of gRPC: the request.
    var message: [UInt8] = []
}

/// What came of it, and when; seconds from the first byte sent.
struct QueryAnswer {
    /// Of HTTP; of gRPC the same as 200 if it is OK, and else the status of gRPC, negative.
    var status = 0
    /// Of gRPC the messages one after the other, without their heads: as a message, all of them merged.
    var body: [UInt8] = []
    /// To the first byte of the body, or of the first message.
    var firstByteSeconds = 0.0
    var seconds = 0.0
}

/// Reads no faster than it is told.
struct ReadingPace {
    /// 0: as fast as it goes.
    var bytesPerSecond = 0.0
    private let start = CPUClock.wall()
    private var byteCount = 0

    init(bytesPerSecond: Double = 0) {
        self.bytesPerSecond = bytesPerSecond
    }

    /// Waits until it is time to read on.
    mutating func didRead(_ count: Int) {
        guard bytesPerSecond > 0 else { return }
        byteCount += count
        let ahead = Double(byteCount) / bytesPerSecond - (CPUClock.wall() - start)
        if ahead > 0 { usleep(UInt32(min(ahead, 1) * 1_000_000)) }
    }
}

/// One kept-alive connection that is asked one question after the other.
protocol QueryChannel: AnyObject {
    func ask(_ question: Question, pace: ReadingPace) throws -> QueryAnswer
}

extension QueryChannel {
    func ask(_ question: Question) throws -> QueryAnswer { try ask(question, pace: ReadingPace()) }
}

/// The channel of the APIs over HTTP/1.1.
final class HTTPChannel: QueryChannel {
    private let address: SocketAddress
    private var socket: Socket?
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 16)

    init(to address: SocketAddress) {
        self.address = address
    }

    deinit {
        input.deallocate()
    }

    static func request(_ question: Question) -> [UInt8] {
        Array("GET \(question.path) HTTP/1.1\r\nhost: localhost\r\naccept: \(question.accept)\r\n\r\n".utf8)
    }

    func ask(_ question: Question, pace: ReadingPace) throws -> QueryAnswer {
        let connection = try socket ?? Socket(to: address, isBlocking: true)
        socket = connection
        let begin = CPUClock.wall()
        try connection.writeAll(Self.request(question))
        var (reader, answer, pace) = (HTTPBodyReader(), QueryAnswer(), pace)
        while !reader.isDone {
            guard case .moved(let count) = connection.read(into: input) else {
                socket = nil
                throw BenchError("the connection broke on GET \(question.path)")
            }
            let wasEmpty = answer.body.isEmpty
            try reader.take(UnsafeRawBufferPointer(rebasing: input[..<count])) { answer.body += $0 }
            if wasEmpty && !answer.body.isEmpty { answer.firstByteSeconds = CPUClock.wall() - begin }
            pace.didRead(count)
        }
        answer.seconds = CPUClock.wall() - begin
        answer.status = reader.status
        if reader.closes { socket = nil }
        return answer
    }
}

extension Socket {
    /// Sends everything on a blocking connection.
    func writeAll(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            guard case .moved(let count) = write(bytes, from: written) else {
                throw BenchError("the connection broke on a request")
            }
            written += count
        }
    }
}
