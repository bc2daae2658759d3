import FoundationEssentials
import NetworkServer
import NetworkTestSupport
import Synchronization

/// A cluster that takes documents, counts them, and fails as a test says.
final class RecordingCluster: Sendable {
    private struct State {
        var documents: [String: [UInt8]] = [:]
        var templates: Set<String> = []
        /// How often each document came.
        var arrivals: [String: Int] = [:]
        var bulkCount = 0
        var isAway = false
        var isStuck = false
        var refuses: @Sendable (String) -> Bool = { _ in false }
        var breaksEvery = 0
    }

    private let state = Mutex(State())

    /// Documents by `index/id`.
    var documents: [String: String] {
        state.withLock { $0.documents.mapValues { String(decoding: $0, as: UTF8.self) } }
    }
    var arrivals: [String: Int] { state.withLock { $0.arrivals } }
    var bulkCount: Int { state.withLock { $0.bulkCount } }
    var templates: Set<String> { state.withLock { $0.templates } }

    /// Documents of spans.
    var spans: [String: String] { documents.filter { $0.key.hasPrefix("jaeger-span") } }

    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    /// Forgets all that it has, as a cluster made anew.
    func wipe() {
        state.withLock { state in
            state.documents = [:]
            state.templates = []
        }
    }

    /// - Parameter refuses: whether a document, as JSON, is a mapping error.
    func refuse(_ refuses: @escaping @Sendable (String) -> Bool) { state.withLock { $0.refuses = refuses } }

    /// One bulk request in so many is answered with 503 after its documents were taken.
    func breakEvery(_ count: Int) { state.withLock { $0.breaksEvery = count } }

    func routes(_ router: inout HTTPRouter) {
        router.on(.get, "/", .workerThread { _, _ in self.root() })
        for path in ["/_template/:name", "/_index_template/:name"] {
            router.on(
                .get, path,
                .workerThread { _, parameters in
                    let name = parameters["name"] ?? ""
                    let isThere = try self.state.withLock { state in
                        if state.isAway { throw Away() }
                        return state.templates.contains(name)
                    }
                    return isThere ? Self.json("{\"\(name)\":{\"version\":1000}}") : Self.json("{}", status: .notFound)
                })
            router.on(
                .put, path,
                .workerThread { _, parameters in
                    self.state.withLock { _ = $0.templates.insert(parameters["name"] ?? "") }
                    return Self.json("{\"acknowledged\":true}")
                })
        }
        router.on(.get, "/_alias/:name", .workerThread { _, _ in Self.json("{}") })
        router.on(.post, "/_bulk", .workerThread { request, _ in self.bulk(request) })
    }

    private struct Away: Error {}

    private static func json(_ text: String, status: HTTPStatus = .ok) -> HTTPResponse {
        .json(Array(text.utf8), status: status)
    }

    private func root() -> HTTPResponse {
        if state.withLock({ $0.isAway }) { return .text(.serviceUnavailable, "away") }
        return Self.json("{\"version\":{\"distribution\":\"opensearch\",\"number\":\"2.19.1\"}}")
    }

    private struct Action: Decodable {
        struct Target: Decodable {
            let _index: String
            let _id: String
        }
        let index: Target
    }

    private func bulk(_ request: HTTPRequest) -> HTTPResponse {
        let body = request.body.bytes
        return state.withLock { state in
            if state.isAway { return .text(.serviceUnavailable, "away") }
            state.bulkCount += 1
            var items: [String] = []
            var hasErrors = false
            var lines = body.split(separator: UInt8(ascii: "\n"))[...]
            while let action = lines.popFirst(), let source = lines.popFirst() {
                guard let target = try? JSONDecoder().decode(Action.self, from: Data(action)) else {
                    return .text(.badRequest, "no action")
                }
                let key = target.index._index + "/" + target.index._id
                state.arrivals[key, default: 0] += 1
                if state.refuses(String(decoding: source, as: UTF8.self)) {
                    hasErrors = true
                    let error = "{\"type\":\"mapper_parsing_exception\",\"reason\":\"not \\\",\\\"source\\\":so\"}"
                    items.append("{\"index\":{\"status\":400,\"error\":\(error)}}")
                } else {
                    state.documents[key] = Array(source)
                    items.append("{\"index\":{\"status\":201}}")
                }
            }
            if state.breaksEvery > 0 && state.bulkCount % state.breaksEvery == 0 {
                return .text(.serviceUnavailable, "overrun")
            }
            return Self.json("{\"errors\":\(hasErrors),\"items\":[\(items.joined(separator: ","))]}")
        }
    }
}
