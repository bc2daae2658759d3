import FoundationEssentials
import TestSupport
import Topology
import TraceModel
import WireFormats

/// Posts of real sidecars, and the calls that they tell of: `Tests/Fixtures/README.md`.
struct RecordedMesh {
    struct Truth: Decodable {
        struct Edge: Decodable, Hashable {
            var parent: String
            var child: String
            var callCount: Int
            var errorCount: Int
        }

        struct VersionEdge: Decodable, Hashable {
            var parent: String
            var parentVersion: String
            var child: String
            var childVersion: String
            var callCount: Int
            var errorCount: Int
        }

        struct Version: Decodable {
            struct Durations: Decodable {
                var sum: Int64
            }

            var service: String
            var version: String
            var serverSpans: Int
            var errors: Int
            var durationUs: Durations
        }

        struct Spans: Decodable {
            var count: Int
            var parentNotInTrace: Int
        }

        var spans: Spans
        var edges: Set<Edge>
        var versionEdges: Set<VersionEdge>
        var versions: [Version]
    }

    static let folders = [
        "bookinfo", "bookinfo-mirror", "bookinfo-mirror-inherit", "bookinfo-mirror-no-suffix", "bookinfo-mirror-off",
        "bookinfo-mirror-on", "bookinfo-shift", "bookinfo-slow", "bookinfo-odd", "bookinfo-otlp-grpc",
        "bookinfo-otlp-grpc-odd", "bookinfo-otlp-http", "bookinfo-otlp-http-odd", "bookinfo-zipkin-proto",
        "bookinfo-zipkin-proto-odd",
    ]

    /// One for each post.
    let batches: [SpanBatch]
    let truth: Truth

    init(_ folder: String) throws {
        let path = Repository.path + "/Tests/Fixtures/\(folder)"
        let isText = !folder.contains("-zipkin-proto") && !folder.contains("-otlp")
        let file = path + (isText ? "/posts.jsonl.gz" : "/posts.bin.gz")
        let content = try Gzip.unpacked(Array(try Data(contentsOf: URL(filePath: file))))
        batches = try Self.bodies(content, isText).map { body in
            var builder = SpanBatchBuilder()
            try body.withUnsafeBytes { bytes in
                if isText {
                    _ = try ZipkinJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
                } else if folder.contains("-zipkin-proto") {
                    _ = try ZipkinProtobufDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
                } else {
                    _ = try OTLPProtobufDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
                }
            }
            return builder.makeBatch()
        }
        truth = try JSONDecoder().decode(Truth.self, from: try Data(contentsOf: URL(filePath: path + "/truth.json")))
    }

    /// Bodies of text are lines; others stand each after its length in four bytes, the highest first.
    private static func bodies(_ content: [UInt8], _ isText: Bool) throws -> [[UInt8]] {
        if isText { return content.split(separator: 10).map { Array($0) } }
        var bodies: [[UInt8]] = []
        var rest = content[...]
        while !rest.isEmpty {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4 + length else { throw TestSupportError("a recording is cut short") }
            bodies.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return bodies
    }

    func records(_ names: inout CallNames) -> [CallRecord] {
        var extractor = CallExtractor()
        var records: [CallRecord] = []
        for batch in batches { extractor.append(batch, to: &records, &names) }
        return records
    }
}

extension CallCount {
    /// Calls between services, as `truth.json` counts them.
    var edges: Set<RecordedMesh.Truth.Edge> {
        var edges: [String: RecordedMesh.Truth.Edge] = [:]
        forEachCall { series, totals in
            let (parent, child) = (names.text(series.caller.serviceName), names.text(series.callee.serviceName))
            let none = RecordedMesh.Truth.Edge(parent: parent, child: child, callCount: 0, errorCount: 0)
            edges[parent + ">" + child, default: none].callCount += totals.callCount
            edges[parent + ">" + child, default: none].errorCount += totals.errorCount
        }
        return Set(edges.values)
    }

    var versionEdges: Set<RecordedMesh.Truth.VersionEdge> {
        var edges: [String: RecordedMesh.Truth.VersionEdge] = [:]
        forEachCall { series, totals in
            let none = RecordedMesh.Truth.VersionEdge(
                parent: names.text(series.caller.serviceName), parentVersion: names.text(series.caller.version),
                child: names.text(series.callee.serviceName), childVersion: names.text(series.callee.version),
                callCount: 0, errorCount: 0)
            let key = "\(none.parent)@\(none.parentVersion)>\(none.child)@\(none.childVersion)"
            edges[key, default: none].callCount += totals.callCount
            edges[key, default: none].errorCount += totals.errorCount
        }
        return Set(edges.values)
    }

    private func forEachCall(_ body: (CallSeries, CallTotals) -> Void) {
        for (series, totals) in series where [.rpc, .retried, .mirrored].contains(series.kind) { body(series, totals) }
    }
}
