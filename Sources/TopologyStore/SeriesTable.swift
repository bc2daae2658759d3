internal import Catalog
internal import Topology
internal import TraceModel

/// The series that are told apart, each with the ID under which buckets count it.
///
/// IDs are dense, so that sums can be arrays: that of a series which was removed is given out again. An ID that was
/// given out stays given out when the change that would have entered it fails.
struct SeriesTable {
    /// By ID; nil where there is none. No series has ID 0.
    private(set) var series: [CallSeries?] = [nil]
    private var ids: [CallSeries: UInt32] = [:]
    private var freeIDs: [UInt32] = []
    /// By ID: whether the catalog has it.
    private var isStored: [Bool] = [false]
    /// By ID: the start of the latest day in which it was counted; nil if that is not known.
    private(set) var latestDays: [Int64?] = [nil]
    /// Grows with every series that comes or goes.
    private(set) var changeCount = 0
    /// Grows with every series that goes.
    private(set) var removalCount = 0
    private let limit: Int
    private let other: UInt32

    init(limit: Int, names: inout CallNames) {
        self.limit = min(max(1, limit), 8_000_000)
        other = names.number(of: "(other)")
    }

    var count: Int { ids.count }

    /// Series beyond the limit, without their operations.
    private var allowance: Int { max(16, limit / 8) }

    // MARK: Stored series

    /// - Returns: what is wrong with it, if it cannot be taken.
    mutating func load(_ stored: TopologyChange.Series, _ names: inout CallNames) -> String? {
        guard stored.id > 0, stored.id < CallBucket.idEnd else {
            return "the topology's series \(stored.id) has an impossible ID"
        }
        let id = UInt32(stored.id)
        grow(to: id)
        isStored[Int(id)] = true
        guard let kind = CallSeries.Kind(rawValue: stored.kind), let spanKind = SpanKind(rawValue: stored.spanKind)
        else { return "the topology's series \(stored.id) is of an unknown kind" }
        let parties = [0, 4].map { first in
            CallParty(
                serviceName: names.number(of: stored.names[first]),
                namespace: names.number(of: stored.names[first + 1]),
                version: names.number(of: stored.names[first + 2]),
                operationName: names.number(of: stored.names[first + 3]))
        }
        let series = CallSeries(
            kind, caller: parties[0], callee: parties[1], spanKind: spanKind, isMirrored: stored.isMirrored)
        self.series[Int(id)] = series
        ids[series] = id
        changeCount += 1
        return nil
    }

    /// Makes the IDs that no stored series has ready to be given out.
    mutating func finishLoading() {
        freeIDs = (1..<UInt32(series.count)).filter { !isStored[Int($0)] }.reversed()
    }

    func stored(_ id: UInt32, _ names: CallNames) -> TopologyChange.Series? {
        guard let series = series[Int(id)] else { return nil }
        let texts = [series.caller, series.callee].flatMap { party in
            [party.serviceName, party.namespace, party.version, party.operationName].map { names.text($0) }
        }
        return TopologyChange.Series(
            id: Int64(id), kind: series.kind.rawValue, spanKind: series.spanKind.rawValue,
            isMirrored: series.isMirrored, names: texts)
    }

    // MARK: IDs

    /// The ID under which the series is counted, and whether that is of one that stands for several.
    mutating func id(of series: CallSeries) -> (id: UInt32, isFolded: Bool) {
        if let id = ids[series] { return (id, false) }
        if ids.count < limit { return (give(series), false) }
        var folded = series
        folded.caller.operationName = 0
        folded.callee.operationName = 0
        if let id = ids[folded] { return (id, true) }
        if ids.count < limit + allowance { return (give(folded), folded != series) }
        folded.caller = folded.caller == CallParty() ? folded.caller : CallParty(serviceName: other)
        folded.callee = folded.callee == CallParty() ? folded.callee : CallParty(serviceName: other)
        if let id = ids[folded] { return (id, true) }
        // No more of these than kinds, so that they are beyond any limit.
        return (give(folded), true)
    }

    private mutating func give(_ series: CallSeries) -> UInt32 {
        let id = freeIDs.popLast() ?? UInt32(self.series.count)
        precondition(id < CallBucket.idEnd, "the limit of series leaves their IDs within 24 bits")
        grow(to: id)
        self.series[Int(id)] = series
        ids[series] = id
        changeCount += 1
        return id
    }

    private mutating func grow(to id: UInt32) {
        while series.count <= id {
            series.append(nil)
            isStored.append(false)
            latestDays.append(nil)
        }
    }

    // MARK: Use

    func isStored(_ id: UInt32) -> Bool { isStored[Int(id)] }
    mutating func setStored(_ id: UInt32) { isStored[Int(id)] = true }

    /// Notes that the day's bucket has the series.
    ///
    /// - Parameter isLatest: whether no later day can have it. If not, it says nothing of a series of which the latest
    ///   day is not known: after a restart, what comes late is not what was counted last.
    mutating func use(_ id: UInt32, onDay start: Int64, isLatest: Bool) {
        guard id < latestDays.count, isLatest || latestDays[Int(id)] != nil else { return }
        latestDays[Int(id)] = max(latestDays[Int(id)] ?? Int64.min, start)
    }

    /// Of how many series it is not known when they were counted last.
    var unknownCount: Int { ids.values.reduce(0) { $0 + (latestDays[Int($1)] == nil ? 1 : 0) } }

    /// The series that were not counted since a day.
    func unused(since day: Int64) -> [UInt32] {
        ids.values.filter { (latestDays[Int($0)] ?? Int64.min) < day }.sorted()
    }

    mutating func remove(_ id: UInt32) {
        guard let removed = series[Int(id)] else { return }
        series[Int(id)] = nil
        ids[removed] = nil
        isStored[Int(id)] = false
        latestDays[Int(id)] = nil
        freeIDs.append(id)
        changeCount += 1
        removalCount += 1
    }
}
