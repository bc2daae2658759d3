import NetworkServer
import Synchronization

/// What a cluster tells of itself, and its templates and indices as they were put.
final class SinkSchema: Sendable {
    private struct Put {
        var templates: [String: [UInt8]] = [:]
        var indices: [String: [UInt8]] = [:]
    }

    private let put = Mutex(Put())

    private static let greeting =
        #"{"name":"sink","cluster_name":"opensearch-peer","cluster_uuid":"sink","version":{"distribution":"opensearch","#
        + #""number":"2.19.0","build_type":"tar","build_snapshot":false,"lucene_version":"9.12.0","#
        + #""minimum_wire_compatibility_version":"7.10.0","minimum_index_compatibility_version":"7.0.0"},"#
        + #""tagline":"The OpenSearch Project: https://opensearch.org/"}"#

    func addRoutes(to router: inout HTTPRouter) {
        router.on(.get, "/", .workerThread { _, _ in .json(Array(Self.greeting.utf8)) })
        for kind in ["_template", "_index_template"] {
            for method in [HTTPMethod.put, .post] {
                router.on(
                    method, "/\(kind)/:name",
                    .workerThread { request, parameters in
                        let key = "\(kind)/\(parameters["name"] ?? "")"
                        self.put.withLock { $0.templates[key] = request.body.bytes }
                        return Self.acknowledged
                    })
            }
            router.on(
                .get, "/\(kind)/:name",
                .workerThread { _, parameters in self.template(kind, parameters["name"] ?? "") })
        }
        router.fallback = .workerThread { request, _ in self.answer(request) }
    }

    private func template(_ kind: String, _ name: String) -> HTTPResponse {
        guard let body = put.withLock({ $0.templates["\(kind)/\(name)"] }) else {
            return kind == "_template"
                ? .json(Array("{}".utf8), status: .notFound)
                : .json(
                    ErrorBody.text(404, "resource_not_found_exception", "index template matching [\(name)] not found"),
                    status: .notFound)
        }
        let text = String(decoding: body, as: UTF8.self)
        return .json(
            Array(
                (kind == "_template"
                    ? #"{"\#(name)":\#(text)}"#
                    : #"{"index_templates":[{"name":"\#(name)","index_template":\#(text)}]}"#).utf8))
    }

    /// Indices are made and found, with the aliases in their bodies; everything else that is put is acknowledged.
    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        let parts = request.path.split(separator: "/").map(String.init)
        let name = parts.last ?? ""
        switch request.method {
        case .put where parts.count == 1 && !name.hasPrefix("_"):
            let isNew = put.withLock { $0.indices.updateValue(request.body.bytes, forKey: name) == nil }
            return isNew
                ? .json(Array(#"{"acknowledged":true,"shards_acknowledged":true,"index":"\#(name)"}"#.utf8))
                : .json(
                    ErrorBody.text(400, "resource_already_exists_exception", "index [\(name)] already exists"),
                    status: .badRequest)
        case .put, .post:
            return Self.acknowledged
        case .get, .head:
            if parts.first == "_cluster" {
                return .json(Array(#"{"cluster_name":"opensearch-peer","status":"green","number_of_nodes":1}"#.utf8))
            }
            let quoted = Array("\"\(name)\"".utf8)
            let found = put.withLock { put in
                put.indices.first { $0.key == name || $0.value.firstRange(of: quoted) != nil }?.key
            }
            guard let found else {
                return .json(
                    ErrorBody.text(404, "index_not_found_exception", "no such index [\(name)]"), status: .notFound)
            }
            return .json(Array(#"{"\#(found)":{"aliases":{"\#(name)":{}}}}"#.utf8))
        default:
            return .json(ErrorBody.text(405, "method_not_allowed", "not here"), status: .methodNotAllowed)
        }
    }

    private static let acknowledged = HTTPResponse.json(Array(#"{"acknowledged":true}"#.utf8))
}
