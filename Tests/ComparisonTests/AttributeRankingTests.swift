import Comparison
import Testing

@testable import Comparison

@Suite struct AttributeRankingTests {
    private func count(_ key: String, _ value: String, _ inGroup: Int, _ inOthers: Int) -> AttributeCount {
        AttributeCount(key: key, value: value, inGroup: inGroup, inOthers: inOthers)
    }

    @Test func `what tells the group most comes first, and chance does not come`() throws {
        let ranking = AttributeRanking(
            [
                count("user.tier", "gold", 80, 100), count("user.tier", "free", 20, 800),
                count("zone", "a", 52, 450), count("zone", "b", 48, 450), count("cache", "miss", 40, 180),
            ], groupTotal: 100, othersTotal: 900)
        #expect(
            ranking.differences.map { "\($0.key)=\($0.value)" } == [
                "user.tier=free", "user.tier=gold", "cache=miss",
            ])
        let first = try #require(ranking.differences.first)
        #expect(first.group == Share(count: 20, total: 100) && first.others == Share(count: 800, total: 900))
        #expect(first.p < 1e-20 && first.informationGain > 0.1)
        #expect(ranking.leftOut.isEmpty)
    }

    @Test func `identities are left out, and named`() {
        var counts = (0..<100).map { count("request.id", "\($0)", $0 < 10 ? 1 : 0, $0 < 10 ? 0 : 1) }
        counts += [count("pod", "v2-abc", 10, 0), count("pod", "v1-def", 0, 90), count("flag", "on", 9, 30)]
        let alike = AttributeRanking(counts, groupTotal: 10, othersTotal: 90)
        #expect(alike.leftOut.map(\.key) == ["request.id"] && alike.leftOut.first?.reason == .nearlyUnique)
        #expect(alike.differences.first?.key == "pod")
        var options = AttributeRanking.Options()
        options.leavesOutSeparate = true
        let versions = AttributeRanking(counts, groupTotal: 10, othersTotal: 90, options: options)
        #expect(versions.leftOut.map(\.key) == ["pod", "request.id"])
        #expect(versions.leftOut.first?.reason == .separate)
        #expect(versions.differences.map(\.key) == ["flag"])
    }

    @Test func `an attribute that only the group has, if not all of it, is a finding between versions too`() {
        var options = AttributeRanking.Options()
        options.leavesOutSeparate = true
        let ranking = AttributeRanking(
            [count("exception.type", "TimeoutError", 30, 0)], groupTotal: 100, othersTotal: 500, options: options)
        #expect(ranking.differences.map(\.value) == ["TimeoutError"])
    }

    @Test func `knowing all is one bit, knowing nothing none, and empty groups differ in nothing`() {
        #expect(abs(ContingencyTable(Share(count: 8, total: 8), Share(count: 0, total: 8)).informationGain - 1) < 1e-12)
        #expect(ContingencyTable(Share(count: 4, total: 8), Share(count: 4, total: 8)).informationGain == 0)
        #expect(AttributeRanking([count("a", "b", 0, 5)], groupTotal: 0, othersTotal: 5).differences.isEmpty)
        #expect(AttributeRanking([], groupTotal: 3, othersTotal: 5).differences.isEmpty)
        // Counts that cannot be are cut.
        #expect(AttributeRanking([count("a", "b", 9, -1)], groupTotal: 3, othersTotal: 5).differences.count <= 1)
    }
}
