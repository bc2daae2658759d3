import Foundation
import Releases
import TestSupport
import Testing
import TraceModel
import WireFormats

/// Traces of a real mesh compared with each other.
@Suite struct RecordedDiffTests {
    private static func traces(_ folder: String) throws -> [Trace] {
        var builder = SpanBatchBuilder()
        for body in try RequestStore.bodies(ofRecording: folder) {
            try body.withUnsafeBytes { bytes in
                _ = try ZipkinJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
            }
        }
        let spans = Array(builder.makeBatch().spans).sorted { ($0.start ?? 0) < ($1.start ?? 0) }
        return Dictionary(grouping: spans, by: \.traceID).map { Trace(traceID: $0.key, spans: $0.value) }
            .sorted { $0.traceID < $1.traceID }
    }

    /// Of pages whose reviews were served once, by one of the versions.
    private static func pages(_ version: String, _ traces: [Trace]) -> [Trace] {
        traces.filter { trace in
            let reviews = trace.spans.filter {
                $0.traits.kind == .server && $0.serviceName.elementsEqual("reviews.default".utf8)
            }
            guard reviews.count == 1, trace.spans.count == (version == "v1" ? 7 : 9) else { return false }
            return reviews[0].canonicalText.contains("istio.canonical_revision=s:\(version)")
        }
    }

    @Test(arguments: ["bookinfo", "bookinfo-mirror", "bookinfo-odd"])
    func `no recorded trace differs from itself, and its path is as long as its root`(folder: String) throws {
        for trace in try Self.traces(folder) {
            let report = try MadeTrace.report(trace, trace)
            #expect(report.summary.isEmpty, "\(trace.traceID)")
            let path = report.a.criticalPath
            #expect(path.services.reduce(0) { $0 + $1.durationNanos } == report.a.durationNanos, "\(trace.traceID)")
        }
    }

    @Test func `a page of another version of reviews differs by that version and what it calls`() throws {
        let traces = try Self.traces("bookinfo")
        let (old, new) = (Self.pages("v1", traces), Self.pages("v2", traces))
        #expect(old.count > 50 && new.count > 50)
        for (a, b) in zip(old.prefix(60), new) {
            let report = try MadeTrace.report(a, b)
            #expect(
                report.tree.map { $0.split(separator: ":").first.map(String.init) ?? "" } == [
                    "= istio-ingressgateway.istio-system productpage.default.svc.cluster.local",
                    "  = productpage.default productpage.default.svc.cluster.local",
                    "    = details.default details.default.svc.cluster.local",
                    "    = reviews.default reviews", "      + ratings.default ratings.default.svc.cluster.local",
                ])
            #expect(report.summary.versionCount == 1 && report.summary.statusCount == 0)
            #expect(report.words.contains("reviews.default: v1 in a, v2 in b"))
            #expect(report.rows.allSatisfy { $0.attributes.allSatisfy { !$0.key.contains("request-id") } })
        }
    }
}
