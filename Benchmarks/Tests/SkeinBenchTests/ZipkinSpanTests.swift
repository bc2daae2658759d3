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

    @Test func `an answer that is no list of spans is a difference`() throws {
        #expect(try ZipkinSpan.difference(answer: Array("{}".utf8), sent: workload.json(ofTrace: 0)) != nil)
    }
}
