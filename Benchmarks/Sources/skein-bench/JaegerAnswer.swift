import Foundation
import Workload

/// The answer of Jaeger's trace API, as far as it is checked.
struct JaegerAnswer: Decodable {
    struct Trace: Decodable {
        let traceID: String
        let spans: [Span]
        let processes: [String: Process]
    }

    struct Process: Decodable {
        let serviceName: String
        let tags: [Tag]?
    }

    struct Reference: Decodable {
        let spanID: String
    }

    struct Span: Decodable {
        let spanID: String
        let operationName: String
        let startTime: Int64
        let duration: Int64
        let processID: String
        let references: [Reference]?
        let tags: [Tag]
    }

    /// A tag with its value as text, whatever its type.
    struct Tag: Decodable {
        let key: String
        let text: String

        private enum Key: CodingKey {
            case key, value
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            key = try container.decode(String.self, forKey: .key)
            if let value = try? container.decode(String.self, forKey: .value) {
                text = value
            } else if let value = try? container.decode(Bool.self, forKey: .value) {
                text = String(value)
            } else if let value = try? container.decode(Int64.self, forKey: .value) {
                text = String(value)
            } else {
                text = String(try container.decode(Double.self, forKey: .value))
            }
        }
    }

    let data: [Trace]?

    /// Why the answer is not the trace that was sent; nil if it is.
    static func difference(answer: [UInt8], truth: TraceTruth, requestTag: String) -> String? {
        guard let decoded = try? JSONDecoder().decode(JaegerAnswer.self, from: Data(answer)),
            let trace = decoded.data?.first
        else { return "no trace: \(String(decoding: answer.prefix(200), as: UTF8.self))" }
        guard trace.traceID == truth.traceID else { return "trace \(trace.traceID)" }
        guard trace.spans.count == truth.spans.count else {
            return "\(trace.spans.count) spans instead of \(truth.spans.count)"
        }
        let byID = Dictionary(trace.spans.map { ($0.spanID, $0) }) { first, _ in first }
        for sent in truth.spans {
            let id = TraceTruth.hex(sent.id)
            guard let span = byID[id] else { return "span \(id) is missing" }
            let parent = sent.parentID == 0 ? nil : TraceTruth.hex(sent.parentID)
            guard span.operationName.lowercased() == sent.operation.lowercased(), span.startTime == sent.start,
                span.duration == sent.duration, span.references?.first?.spanID == parent,
                trace.processes[span.processID]?.serviceName == sent.service
            else { return "span \(id) is not as sent" }
        }
        let values = trace.spans.flatMap(\.tags).filter { $0.key == requestTag }
        if values.isEmpty || values.contains(where: { $0.text != truth.requestID }) {
            return "tag \(requestTag) is not as sent"
        }
        return nil
    }
}
