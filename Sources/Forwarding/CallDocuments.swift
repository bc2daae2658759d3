internal import Bytes
internal import Topology
internal import TraceStore
internal import WireFormats

/// What a destination is told of the calls between services: documents for each interval that is over, written again
/// when late spans change them.
///
/// What is to be told stands in the catalog until it was, so that neither an outage nor a restart loses an interval.
struct CallDocuments {
    private let store: TraceStore
    private let name: String
    private let shape: any CallDocumentShape
    private let serviceNames: Set<String>
    private let settling: Int64
    /// In nanoseconds.
    private let interval: Int64
    private var known: [Int64: ToldCalls] = [:]
    /// Bodies under way: of which interval, and the hash of what it says.
    private var underWay: [Int: (start: Int64, hash: Int64)] = [:]
    private var nextFullLook: Int64 = .min

    /// Intervals are looked at again for so long.
    private static let age: Int64 = 86_400_000_000_000
    /// Of these, those that are not older at every look, the others once in as long.
    private static let recentAge: Int64 = 3_600_000_000_000
    /// For how long minutes are told apart, less a margin.
    private let readableAge: Int64

    /// - Returns: nil if the destination is told of no calls, or span by span.
    init?(_ options: ForwardingOptions, store: TraceStore, pace: ForwarderPace) throws(StoreError) {
        guard let dependenciesInterval = options.dependenciesInterval,
            let shape = DocumentShapes.calls(options, storeID: try store.storeID())
        else { return nil }
        self.shape = shape
        self.store = store
        name = options.name
        serviceNames = Set(options.filter.serviceNames)
        settling = pace.settling * 1_000_000_000
        let interval = dependenciesInterval / .seconds(1)
        self.interval = Int64(interval) * 1_000_000_000
        readableAge = Int64(max(0, store.minuteRetention - 2 * interval)) * 1_000_000_000
        for calls in try store.toldCalls(destination: name) { known[calls.start] = calls }
    }

    /// Looks for intervals of which there is something to tell.
    /// - Parameter now: nanoseconds since 1970.
    mutating func look(now: Int64) throws {
        let isFull = now >= nextFullLook
        let age = min(Self.age, readableAge, isFull ? .max : Self.recentAge)
        let last = (now - settling) / interval * interval - interval
        var start = max(0, (now - age) / interval * interval)
        var changed: [ToldCalls] = []
        while start <= last {
            if let calls = try calls(of: start), calls.hash != known[start]?.hash { changed.append(calls) }
            start += interval
        }
        if !changed.isEmpty {
            try store.noteCalls(changed, destination: name)
            for calls in changed { known[calls.start] = calls }
        }
        guard isFull else { return }
        nextFullLook = now + Self.recentAge
        let oldest = now - Self.age
        try store.markCalls(destination: name, told: [], forgetting: oldest)
        known = known.filter { $0.key >= oldest || $0.value.content != nil }
    }

    /// - Returns: nil if nobody called anybody.
    private func calls(of start: Int64) throws -> ToldCalls? {
        var links = try store.dependencies(within: start...(start + interval - 1), QueryWork())
        if !serviceNames.isEmpty {
            links = links.filter { serviceNames.contains($0.parent) || serviceNames.contains($0.child) }
        }
        guard !links.isEmpty else { return nil }
        var body = BulkBody()
        shape.append(links, start: start, to: &body)
        body.finish()
        let hash = body.bytes.withUnsafeBytes { raw in
            raw.baseAddress.map { ByteHash.hash($0, raw.count, seed: ByteHash.seed) } ?? 0
        }
        return ToldCalls(start: start, hash: Int64(bitPattern: hash), content: body.bytes)
    }

    /// Hands over what is to be told.
    /// - Parameter submit: gives the number under which the report comes; nil if there is no room.
    mutating func send(_ submit: (BulkBody) -> Int?) throws {
        let atWork = Set(underWay.values.map(\.start))
        let waiting = known.values.filter { $0.content != nil && !atWork.contains($0.start) }
        for calls in waiting.sorted(by: { $0.start < $1.start }) {
            guard let content = calls.content else { continue }
            guard let number = submit(BulkBody(lines: content)) else { return }
            underWay[number] = (calls.start, calls.hash)
        }
    }

    /// Takes note that a body is in the index; one of something else is passed over.
    mutating func finish(_ number: Int) throws(StoreError) {
        guard let told = underWay.removeValue(forKey: number) else { return }
        try store.markCalls(destination: name, told: [told], forgetting: .min)
        if known[told.start]?.hash == told.hash { known[told.start]?.content = nil }
    }
}

extension BulkBody {
    /// Of lines that a body had.
    fileprivate init(lines: [UInt8]) {
        self.init()
        var pieces = lines.split(separator: UInt8(ascii: "\n"))[...]
        while let action = pieces.popFirst(), let source = pieces.popFirst() {
            guard let target = DeadLetter.target(ofAction: Array(action)) else { continue }
            Array(source).withUnsafeBytes { append(index: target.index, id: target.id, source: $0) }
        }
    }
}
