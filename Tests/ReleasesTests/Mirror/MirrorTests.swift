import Foundation
import Releases
import TestSupport
import Testing
import Topology
import TraceModel
import TraceStore

/// Copies of requests beside the requests: recorded traffic of a mesh that makes them, and traces that are made up.
@Suite struct MirrorTests {
    /// What `truth.json` says of the pairs of a recording.
    private struct Truth: Decodable {
        struct Status: Decodable {
            var base: String
            var candidate: String
            var count: Int
        }

        struct Calls: Decodable {
            var ofCopies: [String: Int]
            var ofRequests: [String: Int]
        }

        struct Mirror: Decodable {
            var base: String
            var candidate: String
            var pairs: Int
            var unpaired: Int
            var others: [String: Int]
            var statuses: [Status]
            var medianUs: Int64?
            var calls: Calls
        }

        var mirror: [Mirror]
    }

    private static func truth(_ recording: String) throws -> [Truth.Mirror] {
        let file = URL(filePath: Repository.path + "/Tests/Fixtures/\(recording)/truth.json")
        return try JSONDecoder().decode(Truth.self, from: try Data(contentsOf: file)).mirror
    }

    private func search(_ base: String, _ candidate: String = "v3") -> MirrorSearch {
        var search = MirrorSearch(of: "reviews.default", base: base, candidate: candidate, within: 0..<Int64.max)
        search.limits.time = .seconds(600)
        return search
    }

    private func report(
        _ search: MirrorSearch, _ filled: RequestStore, requests: Int = 100, copies: Int? = nil
    ) throws -> ComparisonReport.Mirror? {
        try search.report(
            .init(requestCount: requests, copyCount: copies, hasShadowHosts: false), from: filled.store, QueryWork())
    }

    @Test(arguments: ["bookinfo-mirror-inherit", "bookinfo-mirror-on", "bookinfo-mirror-no-suffix"])
    func `recorded copies are paired with their requests exactly`(recording: String) throws {
        let filled = try RequestStore(recording: recording)
        for truth in try Self.truth(recording) where truth.pairs > 0 {
            let report = try #require(try report(search(truth.base, truth.candidate), filled))
            #expect(report.pairCount == truth.pairs && report.unpairedCount == truth.unpaired, "\(truth)")
            let agreeing = truth.statuses.filter { $0.base == $0.candidate }.reduce(0) { $0 + $1.count }
            #expect(report.agreeingCount == agreeing)
            let others = truth.statuses.filter { $0.base != $0.candidate }
            #expect(
                Set(report.disagreements.map { "\($0.base) \($0.candidate) \($0.count)" })
                    == Set(others.map { "\($0.base) \($0.candidate) \($0.count)" }))
            #expect(report.disagreements.allSatisfy { !$0.traceIDs.isEmpty && $0.traceIDs.count <= 5 })
            let difference = try #require(report.durationDifference)
            #expect(difference.p50 == truth.medianUs.map { $0 * 1000 })
            #expect(difference.low <= difference.p50 && difference.p50 <= difference.high)
            #expect(report.repeatedCalls.map(\.service) == truth.calls.ofCopies.keys.sorted())
            for call in report.repeatedCalls {
                let copies = Double(truth.calls.ofCopies[call.service] ?? 0) / Double(truth.pairs)
                #expect(abs(call.perRequest - copies) < 1e-9 && call.kind == "call")
                let isRepeated = truth.calls.ofRequests[call.service] != nil
                #expect(call.words.hasPrefix("only copies") != isRepeated)
                #expect(call.words.hasSuffix("touched twice") == isRepeated, "\(call.words)")
            }
            let left = report.notes.filter { $0.contains("are left out") }
            #expect(left.count == truth.others.count)
            for (version, count) in truth.others {
                #expect(left.contains { $0.hasPrefix("\(count) more copies are of requests that \(version) served") })
            }
        }
    }

    @Test func `where the mesh does not trace copies it is said what to switch on`() throws {
        let filled = try RequestStore(recording: "bookinfo-mirror-off")
        #expect(try Self.truth("bookinfo-mirror-off").allSatisfy { $0.pairs == 0 })
        let report = try #require(try report(search("v1"), filled, requests: 0, copies: 0))
        #expect(report.pairCount == 0 && report.notes.count == 1)
        #expect(report.notes[0].contains("trace_sampled: false in request_mirror_policies"))
        #expect(report.notes[0].hasPrefix("no span of v3 is known"))
    }

    @Test func `who has no time to look claims nothing`() throws {
        let filled = try RequestStore(recording: "bookinfo-mirror-on")
        try filled.store.seal()
        var search = search("v1")
        search.limits.time = .zero
        #expect(try report(search, filled, requests: 0, copies: 0) == nil)
        let unknown = try #require(try report(search, filled, copies: 7))
        #expect(unknown.notes == ["there was no time to look for copies of requests"])
    }

    @Test func `a version that is sent no copies has nothing to be told of`() throws {
        let filled = try RequestStore(recording: "bookinfo")
        #expect(try report(search("v1", "v2"), filled, copies: 0) == nil)
        #expect(try report(search("v1", "v2"), filled) == nil)
        let lost = try #require(try report(search("v1", "v2"), filled, copies: 7))
        #expect(lost.notes == ["v2 served copies of requests, but none of this time is stored"])
    }

    @Test func `copies in traces of their own are told of`() throws {
        let filled = try RequestStore(recording: "bookinfo")
        let served = MirrorSearch.Served(requestCount: 9, copyCount: 0, hasShadowHosts: true)
        let report = try #require(try search("v1", "v2").report(served, from: filled.store, QueryWork()))
        #expect(report.notes.count == 1 && report.notes[0].contains("hosts end in -shadow"))
    }

    @Test func `no more traces are read than are allowed`() throws {
        let filled = try RequestStore(recording: "bookinfo-mirror-inherit")
        var search = search("v1")
        search.limits.traceCountMax = 10
        let report = try #require(try report(search, filled))
        #expect(report.notes.first == "of the latest 10 traces with copies")
        search.limits.time = .zero
        #expect(try self.report(search, filled)?.pairCount ?? 0 == 0)
    }

    @Test func `copies are counted as the topology counted them`() throws {
        func totals(_ version: String, _ count: Int, isMirrored: Bool) -> NamedTotals {
            func party(_ service: String, _ version: String) -> NamedTotals.Party {
                NamedTotals.Party(serviceName: service, namespace: "", version: version, operationName: "GET")
            }
            var totals = CallTotals()
            totals.callCount = count
            return NamedTotals(
                kind: .operation, spanKind: .server, isMirrored: isMirrored, caller: party("", ""),
                callee: party("reviews.default", version), totals: totals)
        }
        let all = [
            totals("v3", 5, isMirrored: true), totals("v3", 7, isMirrored: false), totals("v1", 9, isMirrored: true),
        ]
        #expect(search("v1").copyCount(all) == 5)
    }
}
