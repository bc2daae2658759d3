import Foundation
import Testing
import Workload

@testable import skein_bench

@Suite struct ZipkinSpanTests {
    private let workload = Workload(
        WorkloadConfiguration(profile: .wide, seed: 3, spanCount: 400, lastStart: 1_795_241_664_521_384))

    @Test func `names in lower case and another order are no difference`() throws {
        let sent = workload.json(ofTrace: 2)
        var spans = try JSONDecoder().decode([ZipkinSpan].self, from: Data(sent))
        for index in spans.indices { spans[index].name = spans[index].name?.lowercased() }
        #expect(
            ZipkinSpan.difference(spans.reversed(), try JSONDecoder().decode([ZipkinSpan].self, from: Data(sent)))
                == nil)
    }

    @Test func `a span missing, doubled or changed is a difference`() throws {
        let sent = try JSONDecoder().decode([ZipkinSpan].self, from: Data(workload.json(ofTrace: 2)))
        #expect(ZipkinSpan.difference(Array(sent.dropLast()), sent) != nil)
        #expect(ZipkinSpan.difference(sent.dropLast() + [sent[0]], sent) != nil)
        var changed = sent
        changed[4].tags?["user.id"] = "someone else"
        #expect(ZipkinSpan.difference(changed, sent) != nil)
        changed = sent
        changed[4].duration = 1
        #expect(ZipkinSpan.difference(changed, sent) != nil)
    }

    @Test func `what came in another model's format may have more tags, and none of the process`() throws {
        let sent = try JSONDecoder().decode([ZipkinSpan].self, from: Data(workload.json(ofTrace: 2)))
        let comparison = ZipkinSpan.Comparison.translated(without: workload.formatted(as: .otlpJSON).tagsAboveSpans)
        var answered = sent
        for index in answered.indices {
            answered[index].tags?["k8s.pod.name"] = nil
            answered[index].tags?["span.kind"] = "server"
            answered[index].localEndpoint?.ipv4 = nil
            answered[index].remoteEndpoint = nil
            answered[index].annotations = nil
        }
        #expect(ZipkinSpan.difference(answered, sent, comparison) == nil)
        #expect(ZipkinSpan.difference(answered, sent) != nil)
        answered[3].tags?["user.id"] = nil
        #expect(ZipkinSpan.difference(answered, sent, comparison) != nil)
    }

    @Test func `an answer that is no list of spans is a difference`() throws {
        #expect(try ZipkinSpan.difference(answer: Array("{}".utf8), sent: workload.json(ofTrace: 0)) != nil)
    }
}
