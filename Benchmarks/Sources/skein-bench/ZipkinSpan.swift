import Foundation
import Workload

/// A span in Zipkin's JSON, for comparing what was sent with what is answered.
struct ZipkinSpan: Decodable, Equatable {
    struct Endpoint: Decodable, Equatable {
        var serviceName: String?
        var ipv4: String?
        var ipv6: String?
        var port: Int?
    }

    struct Annotation: Decodable, Hashable {
        var timestamp: Int64
        var value: String
    }

    var traceId: String
    var id: String
    var parentId: String?
    var name: String?
    var kind: String?
    var timestamp: Int64?
    var duration: Int64?
    var localEndpoint: Endpoint?
    var remoteEndpoint: Endpoint?
    var annotations: [Annotation]?
    var tags: [String: String]?

    /// As Zipkin gives back what was sent: names in lower case, no port 0, annotations in order.
    var normalized: ZipkinSpan {
        var span = self
        span.name = name?.lowercased()
        for endpoint in [\ZipkinSpan.localEndpoint, \ZipkinSpan.remoteEndpoint] {
            guard var value = span[keyPath: endpoint] else { continue }
            value.serviceName = value.serviceName?.lowercased()
            if value.port == 0 { value.port = nil }
            span[keyPath: endpoint] = value
        }
        let sorted = (annotations ?? []).sorted { ($0.timestamp, $0.value) < ($1.timestamp, $1.value) }
        span.annotations = sorted.isEmpty ? nil : sorted
        if let tags, tags.isEmpty { span.tags = nil }
        return span
    }

    /// How alike an answer and what was sent must be.
    enum Comparison: Equatable {
        /// In everything.
        case whole
        /// Sent in another model's format: IDs, names, kind, times, and the tags but for those named here. An error
        /// must be there, whatever its text; there may be more tags.
        case translated(without: Set<String>)
    }

    /// Why an answered trace is not the one that was sent; nil if it is.
    static func difference(answer: [UInt8], sent: [UInt8], _ comparison: Comparison = .whole) throws -> String? {
        let decoder = JSONDecoder()
        let answered: [ZipkinSpan]
        do {
            answered = try decoder.decode([ZipkinSpan].self, from: Data(answer))
        } catch {
            return "no list of spans: \(String(decoding: answer.prefix(200), as: UTF8.self))"
        }
        return difference(answered, try decoder.decode([ZipkinSpan].self, from: Data(sent)), comparison)
    }

    static func difference(
        _ answered: [ZipkinSpan], _ sent: [ZipkinSpan], _ comparison: Comparison = .whole
    ) -> String? {
        guard answered.count == sent.count else { return "\(answered.count) spans instead of \(sent.count)" }
        let byID = Dictionary(answered.map { ($0.id, $0) }) { first, _ in first }
        for span in sent {
            guard let other = byID[span.id] else { return "span \(span.id) is missing" }
            let isAlike =
                switch comparison {
                case .whole: other.normalized == span.normalized
                case .translated(let without): other.isTranslation(of: span, without: without)
                }
            if !isAlike { return "span \(span.id) is not as sent" }
        }
        return nil
    }

    private func isTranslation(of sent: ZipkinSpan, without: Set<String>) -> Bool {
        let isSameSpan =
            traceId == sent.traceId && parentId == sent.parentId && kind == sent.kind
            && name?.lowercased() == sent.name?.lowercased() && timestamp == sent.timestamp
            && duration == sent.duration
            && localEndpoint?.serviceName?.lowercased() == sent.localEndpoint?.serviceName?.lowercased()
        return isSameSpan
            && (sent.tags ?? [:]).allSatisfy { key, value in
                without.contains(key) || (key == "error" ? tags?[key] != nil : tags?[key] == value)
            }
    }
}
