import TestSupport
import Testing
import TraceModel

@testable import TraceStore

@Suite struct AttributeTests {
    private static let always = Int64.min...Int64.max
    private static let start: Int64 = 1_790_000_000_000_000_000

    private func values(
        _ harness: StoreHarness, _ key: String, service: String? = nil, within window: ClosedRange<Int64> = always,
        limit: Int = 1000
    ) throws -> AttributeValues {
        try harness.store.attributeValues(
            scope: .span, key: key, serviceName: service, within: window, limit: limit, QueryWork())
    }

    @Test func `keys and values are listed while they are live and once they are sealed`() throws {
        let harness = try StoreHarness()
        for (id, method) in [("1", "GET"), ("2", "PUT"), ("3", "GET")] {
            try harness.post([StoreHarness.span(trace: id, id: id, tags: ["method": method, "zone": "a"])])
        }
        for _ in 0..<2 {
            let keys = try harness.store.attributeKeys(within: Self.always, limit: 10, QueryWork())
            #expect(keys.keys == [.span: ["method", "zone"], .resource: ["service.name"]])
            #expect(keys.isComplete)
            #expect(try values(harness, "method").values == [.string("GET"), .string("PUT")])
            #expect(try values(harness, "zone").values == [.string("a")])
            #expect(try values(harness, "none") == AttributeValues(values: [], isComplete: true))
            try harness.store.seal()
        }
    }

    @Test func `a limit that leaves something out says so`() throws {
        let harness = try StoreHarness()
        try harness.post((1...5).map { StoreHarness.span(id: "\($0)", tags: ["k": "v\($0)", "l\($0)": ""]) })
        for _ in 0..<2 {
            #expect(try values(harness, "k", limit: 5).isComplete)
            let some = try values(harness, "k", limit: 4)
            #expect(some.values.count == 4 && !some.isComplete)
            let keys = try harness.store.attributeKeys(within: Self.always, limit: 3, QueryWork())
            #expect(keys.keys[.span]?.count == 3 && !keys.isComplete)
            try harness.store.seal()
        }
    }

    @Test func `values are those of one service if one is asked for`() throws {
        let harness = try StoreHarness()
        try harness.post(
            (1...40).map { number in
                StoreHarness.span(
                    trace: String(number, radix: 16), id: "1", service: number % 2 == 0 ? "even" : "odd",
                    tags: ["k": "\(number % 4)", "u": "user-\(number)"])
            })
        for _ in 0..<2 {
            #expect(try values(harness, "k", service: "even").values == [.string("0"), .string("2")])
            #expect(try values(harness, "u", service: "odd").values.count == 20)
            #expect(try values(harness, "k", service: "none").values == [])
            try harness.store.seal()
        }
    }

    @Test func `the service's name is an attribute of every resource`() throws {
        let harness = try StoreHarness()
        try harness.post([StoreHarness.span(id: "1", service: "a"), StoreHarness.span(id: "2", service: "b")])
        let found = try harness.store.attributeValues(
            scope: .resource, key: "service.name", within: Self.always, limit: 10, QueryWork())
        #expect(found.values == [.string("a"), .string("b")])
    }

    @Test func `segments outside of the window are left out`() throws {
        let harness = try StoreHarness()
        for (day, value) in [(0, "old"), (1, "new")] {
            try harness.post([
                StoreHarness.span(
                    id: "\(day + 1)", at: 1_790_000_000_000_000 + day * 86_400_000_000, tags: ["k": value])
            ])
            try harness.store.seal()
        }
        #expect(try values(harness, "k", within: Self.start...Self.start).values == [.string("old")])
        let later = Self.start + 86_400_000_000_000
        #expect(try values(harness, "k", within: (Self.start + 1)...later).values == [.string("new")])
    }

    @Test func `keys with few values are those worth choosing from`() throws {
        let harness = try StoreHarness()
        try harness.post(
            (1...300).map { number in
                StoreHarness.span(
                    trace: String(number, radix: 16), id: "1",
                    tags: ["one": "same", "few": "\(number % 7)", "many": "request \(number)"])
            })
        for _ in 0..<2 {
            #expect(try harness.store.attributeKeysWithFewValues(within: Self.always, QueryWork()) == ["few", "one"])
            try harness.store.seal()
        }
    }

    @Test func `when time is up what was found is the answer, when nobody waits there is none`() throws {
        let harness = try StoreHarness()
        try harness.post([StoreHarness.span(id: "1", tags: ["k": "v"])])
        for _ in 0..<2 {
            let late = try harness.store.attributeValues(
                scope: .span, key: "k", within: Self.always, limit: 10, QueryWork(deadline: .now))
            #expect(late == AttributeValues(values: [], isComplete: false))
            #expect(throws: StoreError.self) {
                try harness.store.attributeKeys(within: Self.always, limit: 10, QueryWork(isWanted: { false }))
            }
            try harness.store.seal()
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `keys and values are those of all spans, wherever they are`(seed: UInt64) throws {
        let harness = try StoreHarness { $0.blockSpanCount = 32 }
        var generator = SpanGenerator(seed: seed)
        var batches: [SpanBatch] = []
        for round in 0..<5 {
            for _ in 0..<3 {
                batches.append(generator.batch(spanCount: 25))
                try harness.append(batches[batches.count - 1])
            }
            if [1, 3].contains(round) { try harness.store.seal() }
            if round == 3 { _ = try harness.store.compact() }
            for service in [nil, "a.default"] {
                let expected = PlainAttributes(batches.flatMap(\.spans), service: service)
                if service == nil {
                    let keys = try harness.store.attributeKeys(within: Self.always, limit: 1000, QueryWork())
                    #expect(keys.keys == expected.values.mapValues { $0.keys.sorted() }, "seed \(seed), round \(round)")
                }
                for (scope, own) in expected.values {
                    for (key, values) in own where key != "service.name" || scope != .resource {
                        let found = try harness.store.attributeValues(
                            scope: scope, key: key, serviceName: service, within: Self.always, limit: 10_000,
                            QueryWork())
                        #expect(
                            found == AttributeValues(values: values.sorted(), isComplete: true),
                            "seed \(seed), round \(round), \(scope) \(key)")
                    }
                }
            }
        }
    }
}

/// All attributes of spans, by scope and key.
private struct PlainAttributes {
    var values: [AttributeScope: [String: Set<AttributeValue>]] = [:]

    init(_ spans: [SpanView], service: String?) {
        for span in spans {
            if let service, !span.serviceName.elementsEqual(service.utf8) { continue }
            if !span.serviceName.isEmpty { values[.resource, default: [:]]["service.name", default: []] = [] }
            span.forEachAttribute { key, value in add(.span, key, value) }
            span.forEachEvent { _, _, attributes in
                guard let attributes, let list = try? AttributeList(ofEvent: attributes) else { return }
                add(.event, list)
            }
            if case .map(let bytes) = span.value(of: .resource), let view = try? ResourceView(bytes) {
                add(.resource, view.attributes)
            }
            if case .map(let bytes) = span.value(of: .scope), let view = try? ScopeView(bytes) {
                add(.instrumentation, view.attributes)
            }
            if case .array(let bytes) = span.value(of: .links) {
                var links = LinkReader(bytes)
                while let link = try? links.next() { add(.link, link.attributes) }
            }
        }
    }

    private mutating func add(_ scope: AttributeScope, _ list: AttributeList) {
        var reader = list.attributes
        while let (key, value) = try? reader.nextAttribute() { add(scope, key, value) }
    }

    private mutating func add(_ scope: AttributeScope, _ key: UnsafeRawBufferPointer, _ value: SpanValue) {
        let key = String(decoding: key, as: UTF8.self)
        var known = values[scope]?[key] ?? []
        switch value {
        case .string(let bytes): known.insert(.string(String(decoding: bytes, as: UTF8.self)))
        case .int(let number): known.insert(.int(number))
        case .double(let number): known.insert(.double(number))
        case .bool(let flag): known.insert(.bool(flag))
        case .bytes, .array, .map, .none: break
        }
        values[scope, default: [:]][key] = known
    }
}
