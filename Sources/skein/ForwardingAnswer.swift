import Forwarding
import FoundationEssentials
import NetworkServer
import TraceStore

/// How destinations fare, as the server's API and `skein forward status --json` tell it.
struct ForwardingAnswer: Codable, Sendable {
    struct Destination: Codable, Sendable {
        var name: String
        var lagSpans: Int
        var lagSegments: Int
        /// When the oldest segment was made that the destination lacks, in seconds since 1970.
        var oldestSegment: Double?
        var unsentSpans: Int
        var problem: String?
        var documents: Int?
        var rejected: Int?
        var filteredSpans: Int?
        var damagedSpans: Int?
        var deadLetters: Int
        var deadLetterBytes: Int
        var requests: [String: Int]?
    }

    var destinations: [Destination]

    /// What came of sending dead letters again.
    struct Retried: Codable, Sendable {
        struct Destination: Codable, Sendable {
            var name: String
            var delivered: Int
            var refused: Int
        }
        var destinations: [Destination]
    }
}

extension ForwardingAnswer.Destination {
    init(_ status: ForwarderStatus) {
        self.init(name: status.name, status.lag, deadLetters: status.deadLetterCount, status.deadLetterByteCount)
        problem = status.problem
        documents = status.documentCount
        rejected = status.rejectedCount
        filteredSpans = status.filteredSpanCount
        damagedSpans = status.damagedSpanCount
        requests = Dictionary(uniqueKeysWithValues: status.requestCounts.map { ("\($0.key)", $0.value) })
    }

    init(name: String, _ lag: ForwardLag, deadLetters: Int, _ deadLetterBytes: Int) {
        self.name = name
        lagSpans = lag.spanCount
        lagSegments = lag.segmentCount
        oldestSegment = lag.oldestCreatedAt.map { Double($0) / 1e9 }
        unsentSpans = lag.unsentSpanCount
        self.deadLetters = deadLetters
        self.deadLetterBytes = deadLetterBytes
    }
}

/// The part of the program's own API that tells of destinations, and sends dead letters again.
struct ForwardingRoutes: Sendable {
    static let path = "/api/skein/v1/forwarding"
    static let retryPath = path + "/retry-dead-letters"

    let forwarders: [Forwarder]

    func register(on router: inout HTTPRouter) {
        router.on(.get, Self.path, .workerThread { _, _ in try json(answer) })
        router.on(.post, Self.retryPath, .workerThread { request, _ in try json(try retry(request)) })
    }

    private var answer: ForwardingAnswer {
        ForwardingAnswer(destinations: forwarders.map { ForwardingAnswer.Destination($0.status) })
    }

    private func retry(_ request: HTTPRequest) throws -> ForwardingAnswer.Retried {
        let name = request.query.first("destination")
        let chosen = forwarders.filter { name == nil || $0.options.name == name }
        guard !chosen.isEmpty else {
            throw HTTPError(.notFound, name.map { "no destination is called '\($0)'" } ?? "there is no destination")
        }
        var retried = ForwardingAnswer.Retried(destinations: [])
        for forwarder in chosen {
            do throws(ForwardingError) {
                let outcome = try forwarder.retryDeadLetters()
                retried.destinations.append(
                    .init(
                        name: forwarder.options.name, delivered: outcome.deliveredCount,
                        refused: outcome.refusedCount))
            } catch {
                throw HTTPError(.serviceUnavailable, "destination \(forwarder.options.name): \(error)")
            }
        }
        return retried
    }

    private func json(_ value: some Encodable) throws -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return .json([UInt8](try encoder.encode(value)))
    }
}
