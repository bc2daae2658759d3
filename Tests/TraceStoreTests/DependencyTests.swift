import FoundationEssentials
import TestSupport
import Testing
import Topology
import TraceModel

@testable import TraceStore

@Suite struct DependencyTests {
    private static let start: Int64 = 1_790_000_000_000_000_000
    private static let always = Int64.min...Int64.max

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
            trace: trace, id: "1", kind: "CLIENT", service: "web", at: 1_790_000_000_000_000 + milliseconds * 1000)
    }

    private func server(trace: String = "1", at milliseconds: Int = 1, tags: [String: String] = [:]) -> String {
        StoreHarness.span(
            trace: trace, id: "2", parent: "1", service: "app", at: 1_790_000_000_000_000 + milliseconds * 1000,
            tags: tags)
    }

    // MARK: Where the parts are

    @Test func `calls are counted while they are live, once they are sealed, and in parts of both`() throws {
        let harness = try StoreHarness()
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
    }

    @Test func `equal spans count once, wherever they are`() throws {
        let harness = try StoreHarness()
        for _ in 0..<3 {
            try harness.post([client(), server(), server()])
            #expect(try texts(harness) == ["web>app 1 0"])
            try harness.store.seal()
        }
        try harness.post([client(), server()])
        #expect(try texts(harness) == ["web>app 1 0"])
    }

    @Test func `an ID of 64 bits and one of 128 with the same low half are one trace`() throws {
        let harness = try StoreHarness()
        try harness.post([client(trace: "00000000000000aa00000000000000bb"), server(trace: "bb")])
        #expect(try texts(harness) == ["web>app 1 0"])
        try harness.store.seal()
        #expect(try texts(harness) == ["web>app 1 0"])
    }

    @Test func `names outside the dictionary are read`() throws {
        let harness = try StoreHarness()
        let spans = (1...600).map { number in
            StoreHarness.span(
                trace: String(number, radix: 16), id: "1", kind: "CLIENT", service: "web", remote: "shard-\(number)",
                at: 1_790_000_000_000_000 + number)
        }
        try harness.post(spans)
        let live = try texts(harness)
        #expect(live.count == 600)
        try harness.store.seal()
        #expect(try texts(harness) == live)
    }

    // MARK: Window

    @Test func `a trace counts if its root begins within the window`() throws {
        let harness = try StoreHarness()
        try harness.post([client(at: 0), server(at: 200)])
        let (root, child) = (Self.start, Self.start + 200_000_000)
        func expectRootDecides() throws {
            #expect(try texts(harness, within: root...root) == ["web>app 1 0"])
            #expect(try texts(harness, within: (root - 5)...(root - 1)) == [])
            #expect(try texts(harness, within: (root + 1)...child) == [])
        }
        try expectRootDecides()
        try harness.store.seal()
        try expectRootDecides()
    }

    @Test func `a root that begins after its child decides all the same`() throws {
        for isParted in [false, true] {
            let harness = try StoreHarness()
            try harness.post([server(at: 0)])
            if isParted { try harness.store.seal() }
            try harness.post([client(at: 100)])
            func expectRootDecides() throws {
                let root = Self.start + 100_000_000
                #expect(try texts(harness, within: root...root) == ["web>app 1 0"])
                #expect(try texts(harness, within: Self.start...(root - 1)) == [])
            }
            try expectRootDecides()
            try harness.store.seal()
            try expectRootDecides()
        }
    }

    @Test func `without a root the earliest span decides`() throws {
        let harness = try StoreHarness()
        try harness.post([
            StoreHarness.span(id: "2", parent: "1", service: "one", at: 1_790_000_000_000_000),
            StoreHarness.span(id: "3", parent: "2", service: "two", at: 1_790_000_000_000_100),
        ])
        for _ in 0..<2 {
            #expect(try texts(harness, within: Self.start...Self.start) == ["one>two 1 0"])
            #expect(try texts(harness, within: (Self.start + 1)...(Self.start + 1_000_000)) == [])
            try harness.store.seal()
        }
    }

    @Test func `a trace without any time is not counted`() throws {
        let harness = try StoreHarness()
        try harness.post([
            StoreHarness.span(id: "1", kind: "CLIENT", service: "web", remote: "db", at: nil, duration: nil)
        ])
        #expect(try texts(harness) == [])
        try harness.store.seal()
        #expect(try texts(harness) == [])
    }

    // MARK: Ends

    @Test func `a count that is stopped gives an error and no numbers`() throws {
        let harness = try StoreHarness()
        try harness.post([client(), server()])
        for _ in 0..<2 {
            #expect(throws: StoreError.self) {
                try harness.store.dependencies(within: Self.always, QueryWork(isWanted: { false }))
            }
            #expect(throws: StoreError.self) {
                try harness.store.dependencies(within: Self.always, QueryWork(deadline: .now))
            }
            try harness.store.seal()
        }
    }

    @Test func `a block that cannot be read costs its own traces`() throws {
        let harness = try StoreHarness { $0.blockSpanCount = 4 }
        try harness.post(
            (1...20).flatMap { number -> [String] in
                let trace = String(number, radix: 16)
                return [client(trace: trace, at: number * 10), server(trace: trace, at: number * 10 + 1)]
            })
        try harness.store.seal()
        let all = try #require(try harness.store.dependencies(within: Self.always, QueryWork()).first)
        #expect(all.callCount == 20)
        let folder = harness.folder.path + "/segments/"
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        var bytes = try Array(Data(contentsOf: URL(filePath: folder + name)))
        bytes[40] ^= 0x10
        try harness.reopen()
        try Data(bytes).write(to: URL(filePath: folder + name))
        try harness.reopen()
        #expect(try harness.store.dependencies(within: Self.always, QueryWork()).first?.callCount == 18)
    }

    // MARK: Anything

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `links are those of whole traces, wherever the spans are`(seed: UInt64) throws {
        let harness = try StoreHarness { $0.blockSpanCount = 32 }
        var generator = SpanGenerator(seed: seed)
        var batches: [SpanBatch] = []
        for round in 0..<6 {
            for _ in 0..<4 {
                batches.append(generator.batch(spanCount: 25))
                try harness.append(batches[batches.count - 1])
            }
            // Live only, then sealed, then both, then merged, then merged and live.
            if [1, 3].contains(round) { try harness.store.seal() }
            if round == 4 {
                try harness.store.seal()
                _ = try harness.store.compact()
            }
            let starts = batches.flatMap(\.spans).compactMap(\.start).sorted()
            let windows = [
                Self.always, starts[0]...starts[starts.count / 2], starts[starts.count / 3]...starts[starts.count / 2],
            ]
            for window in windows {
                let expected = WholeTraceLinker.links(batches, within: window)
                let found = try harness.store.dependencies(within: window, QueryWork())
                #expect(found == expected, "seed \(seed), round \(round), window \(window)")
            }
        }
    }

    @Test func `traces are tallied in several passes as in one`() {
        var random = SeededGenerator(seed: 3)
        var parts: [(UInt64, Int)] = []
        for _ in 0..<20_000 { parts.append((random.next() % 12_000, Int(random.next() % 9) + 1)) }
        var expected: [UInt64: (parts: Int, spans: Int)] = [:]
        for (trace, count) in parts {
            let known = expected[trace] ?? (0, 0)
            expected[trace] = (known.parts + 1, known.spans + count)
        }
        for passCount in [1, 3] {
            var found: [UInt64: Int] = [:]
            for pass in 0..<passCount {
                var tally = TraceTally(pass: pass, of: passCount)
                for (trace, count) in parts { tally.add(trace, spanCount: count) }
                tally.forEachParted { found[$0] = $1 }
            }
            #expect(found == expected.filter { $0.value.parts > 1 }.mapValues(\.spans))
        }
    }
}

/// Links of whole traces, put together in a dictionary.
enum WholeTraceLinker {
    static func links(_ batches: [SpanBatch], within window: ClosedRange<Int64>) -> [DependencyLink] {
        var traces: [UInt64: [SpanView]] = [:]
        for span in batches.flatMap(\.spans) { traces[span.traceID.low, default: []].append(span) }
        var linker = DependencyLinker()
        func number(_ bytes: UnsafeRawBufferPointer?) -> UInt32 { bytes.map { linker.number(of: $0) } ?? 0 }
        for spans in traces.values {
            let roots = spans.filter { $0.parentID == nil }.compactMap(\.start)
            guard let start = roots.min() ?? spans.compactMap(\.start).min(), window.contains(start) else { continue }
            var calls = spans.map { span in
                CallSpan(
                    traceIDLow: span.traceID.low, spanID: span.spanID.value, parentID: span.parentID?.value ?? 0,
                    serviceName: number(span.serviceName), remoteServiceName: number(span.remoteServiceName),
                    address: span.traits.isShared ? LiveCalls.address(span) : 0, kind: span.traits.kind,
                    isShared: span.traits.isShared, isError: span.isError)
            }
            linker.add(&calls)
        }
        return linker.links
    }
}
