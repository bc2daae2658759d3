import FoundationEssentials
import TestSupport
import Testing
import Topology
import TopologyStore
import TraceModel

@testable import TraceStore

@Suite struct StoreTopologyTests {
    private static let always = Int64.min...Int64.max
    /// A minute's beginning.
    private static let start: Int64 = 1_790_000_040_000_000_000
    private static let minute: Int64 = 60_000_000_000

    private func texts(
        _ harness: StoreHarness, within window: ClosedRange<Int64> = always
    ) throws -> [String] {
        try harness.store.dependencies(within: window, QueryWork()).map {
            "\($0.parent)>\($0.child) \($0.callCount) \($0.errorCount)"
        }
    }

    /// The client's half of a call from `web` to `app`, and the server's, milliseconds after the start.
    private func client(trace: String = "1", at milliseconds: Int = 0) -> String {
        StoreHarness.span(
            trace: trace, id: "1", kind: "CLIENT", service: "web", at: 1_790_000_040_000_000 + milliseconds * 1000)
    }

    private func server(trace: String = "1", at milliseconds: Int = 1, tags: [String: String] = [:]) -> String {
        StoreHarness.span(
            trace: trace, id: "2", parent: "1", kind: "SERVER", service: "app",
            at: 1_790_000_040_000_000 + milliseconds * 1000, tags: tags)
    }

    // MARK: Where the parts are

    @Test func `calls are counted while they are live, once they are sealed, and in parts of both`() throws {
        let harness = try StoreHarness { $0.topology.renewalInterval = 0 }
        try harness.post([client(), server(tags: ["error": ""])])
        #expect(try texts(harness) == ["web>app 1 1"])
        try harness.store.seal()
        #expect(try texts(harness) == ["web>app 1 1"])
        try harness.post([client(trace: "2")])
        try harness.store.seal()
        #expect(try texts(harness) == ["web>app 1 1"])
        try harness.post([server(trace: "2")])
        #expect(try texts(harness) == ["web>app 2 1"])
        try harness.store.seal()
        #expect(try texts(harness) == ["web>app 2 1"])
        try harness.reopen()
        #expect(try texts(harness) == ["web>app 2 1"])
    }

    @Test func `equal spans count once, wherever they are`() throws {
        let harness = try StoreHarness { $0.topology.renewalInterval = 0 }
        for _ in 0..<3 {
            try harness.post([client(), server(), server()])
            #expect(try texts(harness) == ["web>app 1 0"])
            try harness.store.seal()
        }
        try harness.post([client(), server()])
        #expect(try texts(harness) == ["web>app 1 0"])
    }

    @Test func `an ID of 64 bits and one of 128 with the same low half are one trace`() throws {
        let harness = try StoreHarness { $0.topology.renewalInterval = 0 }
        try harness.post([client(trace: "00000000000000aa00000000000000bb"), server(trace: "bb")])
        #expect(try texts(harness) == ["web>app 1 0"])
        try harness.store.seal()
        #expect(try texts(harness) == ["web>app 1 0"])
    }

    @Test func `what was counted stays when the spans are gone`() throws {
        let harness = try StoreHarness { $0.retentionByteCount = 1 }
        try harness.post([client(), server()])
        try harness.store.seal()
        harness.store.expire()
        #expect(harness.store.statistics().segmentCount == 0)
        #expect(try texts(harness) == ["web>app 1 0"])
    }

    // MARK: Window

    @Test func `a trace counts in the minute in which its root begins`() throws {
        let harness = try StoreHarness { $0.topology.renewalInterval = 0 }
        try harness.post([client(at: 0), server(at: 61_000)])
        func expectRootDecides() throws {
            #expect(try texts(harness, within: Self.start...Self.start + 5) == ["web>app 1 0"])
            #expect(try texts(harness, within: (Self.start - Self.minute)...(Self.start - 1)) == [])
            #expect(try texts(harness, within: (Self.start + Self.minute)...(Self.start + 2 * Self.minute)) == [])
        }
        try expectRootDecides()
        try harness.store.seal()
        try expectRootDecides()
    }

    @Test func `a trace without any time is not counted`() throws {
        let harness = try StoreHarness { $0.topology.renewalInterval = 0 }
        try harness.post([
            StoreHarness.span(id: "1", kind: "CLIENT", service: "web", remote: "db", at: nil, duration: nil)
        ])
        #expect(try texts(harness) == [])
        try harness.store.seal()
        #expect(try texts(harness) == [])
    }

    @Test func `a count that is stopped gives an error and no numbers`() throws {
        let harness = try StoreHarness { $0.topology.renewalInterval = 0 }
        try harness.post([client(), server()])
        #expect(throws: StoreError.self) {
            try harness.store.dependencies(within: Self.always, QueryWork(isWanted: { false }))
        }
        #expect(throws: StoreError.self) {
            try harness.store.dependencies(within: Self.always, QueryWork(deadline: .now))
        }
    }
}
