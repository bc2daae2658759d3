import Catalog
import TestSupport
import Testing
import Topology
import TraceModel

@testable import TopologyStore

@Suite struct TopologyStoreReadingTests {
    private static let second = CallTraffic.second

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `graphs have what is settled and what is not, each call once`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed &+ 3000)
        var traffic = CallTraffic(seed: seed, traceCount: 200, seconds: 400)
        let batches = traffic.batches(sizes: 1...40)
        let model = try SealingModel()
        for batch in batches {
            model.append(batch)
            let chance = Int.random(in: 0..<12, using: &random)
            if chance == 0 { try model.seal(now: batch.arrival) }
            guard chance < 4 else { continue }
            for grouping in TopologyQuery.Grouping.allCases {
                let end = CallTraffic.begin + Int64.random(in: 0...500, using: &random) * Self.second
                let length = Int64.random(in: 0...500, using: &random) * Self.second
                var query = TopologyQuery(window: end - length..<end, grouping: grouping)
                if Int.random(in: 0..<4, using: &random) == 0 { query.focus = "service-3" }
                let graph = try model.store.graph(query, unsealed: model.unsealed)
                let counted = try model.store.counted(within: query.window, unsealed: model.unsealed) { _ in true }
                let plain = TopologyGraph(
                    series: counted.series, names: counted.names, query: query, window: counted.window)
                #expect(graph == plain)
            }
        }
    }

    @Test func `a graph of names that nobody settles is made anew before they are too many`() throws {
        let store = try TemporaryCallBuckets()
        let query = TopologyQuery(window: 0..<Int64.max, grouping: .operation)
        try store.add([Time.start: [.call("a", "b"): .calls(1)]])
        var view: SeriesView?
        for round in 0..<3 {
            _ = try store.buckets.graph(query, ProvisionalCalls(ageMax: 0), store.names)
            view = store.buckets.views[.operation]
            for number in 0..<6_000 {
                _ = view?.number(of: store.series(.call("a", "b", operation: "\(round) \(number)")))
            }
        }
        let graph = try store.buckets.graph(query, ProvisionalCalls(ageMax: 0), store.names)
        #expect(view?.series.count == 6_002)
        #expect(graph?.edges.map(\.callCount) == [1])
    }
}
