internal import Bytes
internal import Logging
internal import SegmentStore
internal import TraceModel

/// Lists keys and values of attributes, from the live spans and the segments, the latest first.
struct AttributeSearch {
    static let serviceNameKey = "service.name"

    private let snapshot: StoreSnapshot
    private let window: ClosedRange<Int64>
    private let serviceName: [UInt8]?
    private let limit: Int
    private let work: QueryWork
    private let logger: Logger
    private var isComplete = true

    /// More are not few.
    private static let fewValuesMax = 100

    init(
        _ snapshot: StoreSnapshot, _ window: ClosedRange<Int64>, serviceName: String?, limit: Int, _ work: QueryWork,
        _ logger: Logger
    ) {
        self.snapshot = snapshot
        self.window = window
        self.serviceName = serviceName.map { Array($0.utf8) }
        self.limit = limit
        self.work = work
        self.logger = logger
    }

    // MARK: Questions

    mutating func keys() throws(StoreError) -> AttributeKeys {
        var keys: [AttributeScope: Set<String>] = [:]
        for batch in liveBatches {
            for number in 0..<batch.shapeCount {
                let shape = batch.shape(number)
                if shape.serviceName != 0 { keys[.resource, default: []].insert(Self.serviceNameKey) }
                for index in 0..<shape.columnCount where shape.column(index).role == .attribute {
                    let key = batch.string(shape.column(index).key)
                    keys[.span, default: []].insert(String(decoding: key, as: UTF8.self))
                }
            }
        }
        for segment in segments {
            guard try goesOn() else { break }
            reporting { () throws(SegmentError) in
                keys[.span, default: []].formUnion(try segment.reader.attributeKeys(within: window))
                if try segment.reader.names().services.contains(where: { !$0.name.isEmpty }) {
                    keys[.resource, default: []].insert(Self.serviceNameKey)
                }
            }
        }
        for scope in AttributeScope.allCases where scope != .span {
            let limit = limit
            try forEachValue(at: scope.place(key: "")) { value in
                scope.forEachAttribute(in: value) { key, _ in
                    keys[scope, default: []].insert(String(decoding: key, as: UTF8.self))
                }
                return keys[scope]?.count ?? 0 <= limit
            }
        }
        for (scope, own) in keys where own.count > limit {
            isComplete = false
            keys[scope] = Set(own.sorted().prefix(limit))
        }
        return AttributeKeys(
            keys: keys.filter { !$0.value.isEmpty }.mapValues { $0.sorted() }, isComplete: isComplete)
    }

    mutating func values(_ scope: AttributeScope, _ key: String) throws(StoreError) -> AttributeValues {
        var values: Set<AttributeValue> = []
        let limit = limit
        let wanted = Array(key.utf8)
        try forEachValue(at: scope.place(key: key)) { value in
            if scope == .span {
                if let own = AttributeValue(value) { values.insert(own) }
            } else {
                scope.forEachAttribute(in: value) { key, value in
                    if key.elementsEqual(wanted), let own = AttributeValue(value) { values.insert(own) }
                }
            }
            return values.count <= limit
        }
        if values.count > limit { isComplete = false }
        return AttributeValues(values: Array(values.sorted().prefix(limit)), isComplete: isComplete)
    }

    mutating func keysWithFewValues() throws(StoreError) -> [String] {
        var found: [String: Set<String>?] = [:]
        func add(_ key: String, _ values: Set<String>?) {
            if case .some(.none) = found[key] { return }
            guard let values else {
                found[key] = .some(nil)
                return
            }
            let all = ((found[key] ?? []) ?? []).union(values)
            found[key] = .some(all.count <= Self.fewValuesMax ? all : nil)
        }
        for batch in liveBatches { LiveAttributes.addTexts(of: batch, countMax: Self.fewValuesMax, add) }
        for segment in segments {
            guard try goesOn() else { break }
            reporting { () throws(SegmentError) in
                let own = try segment.reader.fewValuedAttributes(within: window, valueCountMax: Self.fewValuesMax)
                for (key, values) in own { add(key, values) }
            }
        }
        return found.filter { $0.value != nil }.keys.sorted()
    }

    // MARK: Where values are

    private var segments: [StoredSegment] {
        snapshot.segments.filter { segment in
            guard let earliest = segment.statistics.earliestStart, let latest = segment.statistics.latestStart else {
                return true
            }
            return earliest <= window.upperBound && latest >= window.lowerBound
        }.sorted { ($0.statistics.latestStart ?? .min) > ($1.statistics.latestStart ?? .min) }
    }

    private var liveBatches: [SpanBatch] {
        snapshot.generations.flatMap(\.batches).filter { batch in
            // A batch without any start has the earliest behind the latest end.
            batch.earliestStart > batch.latestEnd
                || (batch.earliestStart <= window.upperBound && batch.latestEnd >= window.lowerBound)
        }
    }

    /// - Parameter body: false ends the calls.
    private mutating func forEachValue(
        at place: AttributePlace, _ body: (SpanValue) -> Bool
    ) throws(StoreError) {
        for batch in liveBatches {
            guard try goesOn() else { return }
            guard LiveAttributes.forEachValue(at: place, in: batch, serviceName, body) else { return }
        }
        for segment in segments {
            guard try goesOn() else { return }
            var isEnough = false
            var failure: StoreError?
            var isOutOfTime = false
            let work = work
            reporting { () throws(SegmentError) in
                try segment.reader.forEachAttributeValue(
                    at: place, within: window, serviceName: serviceName,
                    isWanted: {
                        do throws(StoreError) { try work.check() } catch {
                            if error.code == .timedOut { isOutOfTime = true } else { failure = error }
                        }
                        return failure == nil && !isOutOfTime
                    }
                ) { value in
                    if !body(value) { isEnough = true }
                    return !isEnough
                }
            }
            if let failure { throw failure }
            if isOutOfTime { isComplete = false }
            if isEnough || isOutOfTime { return }
        }
    }

    /// Whether there is time left.
    private mutating func goesOn() throws(StoreError) -> Bool {
        do throws(StoreError) {
            try work.check()
            return true
        } catch {
            guard error.code == .timedOut else { throw error }
            isComplete = false
            return false
        }
    }

    /// Goes on without what cannot be read.
    private func reporting(_ body: () throws(SegmentError) -> Void) {
        do throws(SegmentError) {
            try body()
        } catch {
            logger.error("attributes cannot be read", metadata: ["reason": "\(error)"])
        }
    }
}

extension AttributeScope {
    func place(key: String) -> AttributePlace {
        switch self {
        case .span: .span(key: Array(key.utf8))
        case .resource: .resource
        case .event: .events
        case .link: .links
        case .instrumentation: .scope
        }
    }

    /// Calls `body` with the attributes in what the place of the scope has. What cannot be read ends it.
    func forEachAttribute(in value: SpanValue, _ body: (UnsafeRawBufferPointer, SpanValue) -> Void) {
        func walk(_ list: AttributeList) throws(ByteReaderError) {
            var reader = list.attributes
            while let (key, value) = try reader.nextAttribute() { body(key, value) }
        }
        do throws(ByteReaderError) {
            switch (self, value) {
            case (.resource, .map(let bytes)): try walk(try ResourceView(bytes).attributes)
            case (.instrumentation, .map(let bytes)): try walk(try ScopeView(bytes).attributes)
            case (.event, .map(let bytes)): try walk(try AttributeList(ofEvent: bytes))
            case (.link, .array(let bytes)):
                var links = LinkReader(bytes)
                while let link = try links.next() { try walk(link.attributes) }
            default: return
            }
        } catch {
            return
        }
    }
}
