import Configuration
import Glibc
import HTTPClient
import Synchronization

/// Posts bodies over one or more connections at once, and counts what became of them.
final class SpanSender: Sendable {
    struct Outcome: Equatable, Encodable {
        /// Reasons kept at most; more are only counted.
        static let reasonCountMax = 20

        var sentSpans = 0
        var sentPosts = 0
        var refusedSpans = 0
        var refusedPosts = 0
        var retries = 0
        /// What the server said, and to how many posts.
        var reasons: [String: Int] = [:]

        mutating func refuse(_ post: SpanPost, _ reason: String) {
            refusedSpans += post.spanCount
            refusedPosts += 1
            let key = reasons[reason] == nil && reasons.count >= Self.reasonCountMax ? "other reasons" : reason
            reasons[key, default: 0] += 1
        }
    }

    struct Options {
        var connectionCount = 1
        /// Spans a second; nil for as fast as the server takes them.
        var rate: Double?
        /// How often a post that the server had no room for is sent again.
        var retryCountMax = 20
        /// Seconds to wait for that at most, whatever the server says.
        var retryWaitMax = 30.0
    }

    private struct State {
        var next = 0
        var startedSpans = 0
        var running: Int
        var outcome = Outcome()
        var failure: HTTPClientError?
    }

    /// Makes the client of a thread for one listener.
    typealias ClientMaker = @Sendable (Listener) throws(HTTPClientError) -> HTTPClient

    private let posts: [SpanPost]
    private let options: Options
    private let makeClient: ClientMaker
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    private init(_ posts: [SpanPost], _ options: Options, _ makeClient: @escaping ClientMaker) {
        self.posts = posts
        self.options = options
        self.makeClient = makeClient
        state = Mutex(State(running: options.connectionCount))
    }

    /// Sends everything, and returns when the last answer is there.
    /// - Parameter progress: told now and then how many spans were dealt with.
    /// - Throws: the first failure of a connection, after which nothing more is sent.
    static func send(
        _ posts: [SpanPost], options: Options, client: @escaping ClientMaker, progress: (Outcome) -> Void
    ) throws(HTTPClientError) -> Outcome {
        let sender = SpanSender(posts, options, client)
        for _ in 0..<options.connectionCount { sender.startThread() }
        while true {
            let (outcome, isRunning) = sender.state.withLock { ($0.outcome, $0.running > 0) }
            progress(outcome)
            if !isRunning { break }
            usleep(20_000)
        }
        let (outcome, failure) = sender.state.withLock { ($0.outcome, $0.failure) }
        if let failure { throw failure }
        return outcome
    }

    private func startThread() {
        var thread = pthread_t()
        let outcome = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<SpanSender>.fromOpaque(context).takeRetainedValue().work() }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(outcome == 0, "a thread can be started")
        pthread_detach(thread)
    }

    private func work() {
        do throws(HTTPClientError) {
            var clients: [Listener: HTTPClient] = [:]
            while let post = takePost() {
                let listener = post.format.listener
                let client = if let known = clients[listener] { known } else { try makeClient(listener) }
                clients[listener] = client
                try send(post, client)
            }
        } catch {
            state.withLock { if $0.failure == nil { $0.failure = error } }
        }
        state.withLock { $0.running -= 1 }
    }

    /// The next post, when its time has come; nil when there is none.
    private func takePost() -> SpanPost? {
        let taken: (post: SpanPost, before: Int)? = state.withLock { state in
            guard state.failure == nil, state.next < posts.count else { return nil }
            let post = posts[state.next]
            state.next += 1
            defer { state.startedSpans += post.spanCount }
            return (post, state.startedSpans)
        }
        guard let taken else { return nil }
        if let rate = options.rate {
            sleep(until: start.advanced(by: .seconds(Double(taken.before) / rate)))
        }
        return taken.post
    }

    private func send(_ post: SpanPost, _ client: HTTPClient) throws(HTTPClientError) {
        var attempt = 0
        while true {
            let response = try client.post(
                post.format.path, body: post.body, contentType: post.format.contentType)
            if (200..<300).contains(response.status) {
                return state.withLock {
                    $0.outcome.sentSpans += post.spanCount
                    $0.outcome.sentPosts += 1
                }
            }
            if [429, 503].contains(response.status), attempt < options.retryCountMax {
                attempt += 1
                state.withLock { $0.outcome.retries += 1 }
                let asked = response.header("retry-after").flatMap { Double($0) } ?? 1
                let wait = min(max(0, asked.isFinite ? asked : 1), options.retryWaitMax)
                sleep(until: ContinuousClock.now.advanced(by: .seconds(wait)))
                continue
            }
            let text = response.text.split(separator: "\n").first.map { " " + $0.prefix(200) } ?? ""
            return state.withLock { $0.outcome.refuse(post, "\(response.status)\(text)") }
        }
    }

    /// In short naps, so that a failure elsewhere ends it soon.
    private func sleep(until moment: ContinuousClock.Instant) {
        while state.withLock({ $0.failure == nil }) {
            let left = moment - ContinuousClock.now
            guard left > .zero else { return }
            let microseconds = left.components.seconds * 1_000_000 + left.components.attoseconds / 1_000_000_000_000
            usleep(UInt32(min(100_000, max(1, microseconds))))
        }
    }
}
