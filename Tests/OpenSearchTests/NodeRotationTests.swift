import Testing

@testable import OpenSearch

@Suite struct NodeRotationTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `nodes are asked in turn`() {
        var rotation = NodeRotation(count: 3)
        let nodes = (0..<7).map { _ in rotation.next(now: 0) }
        #expect(nodes == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test func `a node that failed is left alone, longer each time, and at once back when it answers`() {
        var rotation = NodeRotation(count: 2)
        var now: UInt64 = 0
        var rests: [UInt64] = []
        for _ in 0..<9 {
            rotation.failed(1, now: now, chance: 1)
            let failed = now
            while rotation.next(now: now) != 1 { now += second / 10 }
            rests.append((now - failed) / second)
        }
        #expect(rests == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        rotation.succeeded(1)
        let nodes = Set((0..<2).map { _ in rotation.next(now: now) })
        #expect(nodes == [0, 1])
    }

    @Test func `half of a rest is up to chance`() {
        var rotation = NodeRotation(count: 2)
        rotation.failed(0, now: 0, chance: 0)
        let node1 = rotation.next(now: second / 2 - 1)
        #expect(node1 == 1)
        let node2 = rotation.next(now: second / 2)
        #expect(node2 == 0)
    }

    @Test func `requests that fail together are one failure`() {
        var rotation = NodeRotation(count: 2)
        for _ in 0..<10 { rotation.failed(0, now: 0, chance: 1) }
        let node3 = rotation.next(now: second)
        #expect(node3 == 0)
    }

    @Test func `when all rest, the one that has rested most is asked, each once`() {
        var rotation = NodeRotation(count: 3)
        for (node, chance) in [0.9, 0.1, 0.5].enumerated() { rotation.failed(node, now: 0, chance: chance) }
        let node4 = rotation.next(now: 1)
        #expect(node4 == 1)
        let node5 = rotation.next(now: 1, tried: [1])
        #expect(node5 == 2)
        let node6 = rotation.next(now: 1, tried: [1, 2])
        #expect(node6 == 0)
        let node7 = rotation.next(now: 1, tried: [0, 1, 2])
        #expect(node7 == nil)
    }
}
