import Workload

/// One post: waiting to be sent, on its way, or waiting to be sent again.
final class PostCall {
    enum State {
        case idle, busy
        case waiting(until: Double)
    }

    var body: [UInt8] = []
    var spanCount = 0
    var startedAt = 0.0
    var state = State.idle
}

/// What became of a post.
enum PostAnswer: Equatable {
    case accepted
    /// Refused in the protocol's polite form: to be sent again after so many seconds.
    case wait(Double)
    /// Refused in any other way; the words name the status.
    case refused(String)
    /// The connection broke before the answer, so that nobody knows.
    case lost
}

/// A connection to a server that carries posts, opened again when it broke.
protocol LoadConnection: AnyObject {
    /// As many as can be under way at once.
    var calls: [PostCall] { get }
    /// nil when closed.
    var descriptor: Int32? { get }
    /// Whether there are bytes that the socket has not taken.
    var hasOutput: Bool { get }

    /// Sends a call's body; throws if the server cannot be connected to.
    func send(_ call: PostCall) throws
    /// Writes what the socket takes.
    func write()
    /// Reads what there is.
    func read() throws
    /// The calls that are over.
    func takeAnswers() -> [(call: PostCall, answer: PostAnswer)]
}

/// Where the posts of a load come from.
final class PostSource {
    let stream: PostStream
    /// Given before those of the stream.
    var first: [(body: [UInt8], spanCount: Int)] = []

    init(_ stream: PostStream) {
        self.stream = stream
    }

    /// Puts the next post into the call; false when there are no more.
    func next(into call: PostCall) -> Bool {
        if let post = first.popLast() {
            (call.body, call.spanCount) = post
            return true
        }
        guard let post = stream.next(into: &call.body) else { return false }
        call.spanCount = post.spanCount
        return true
    }
}
