internal import Topology

/// What came of one trace.
struct CallGroup: BitwiseCopyable, Hashable, Sendable {
    var traceIDLow: UInt64
    /// When the first and the last of it came: nanoseconds since 1970.
    var firstArrival: Int64
    var lastArrival: Int64
    /// The place of its first record.
    var start: UInt32
    var count: UInt32

    var rows: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// Records of calls put together by trace.
struct CallGroups: Sendable {
    private(set) var groups: [CallGroup] = []
    private(set) var records: [CallRecord] = []

    init() {}

    /// - Parameter groups: one behind the other, in the order of `records`.
    init(groups: [CallGroup], records: [CallRecord]) {
        self.groups = groups
        self.records = records
    }

    /// - Parameter now: nothing came later, whatever the clock said then.
    init(_ sources: [ExtractedCalls], arrivedBy now: Int64) {
        let total = sources.reduce(0) { $0 + $1.records.count }
        var numbers: [UInt32] = []
        numbers.reserveCapacity(total)
        groups.reserveCapacity(total / 8)
        var index = TraceIndex(expecting: total / 8)
        for source in sources { number(source, arrivedBy: now, &index, &numbers) }
        var places: [UInt32] = []
        places.reserveCapacity(groups.count)
        var start: UInt32 = 0
        for number in groups.indices {
            groups[number].start = start
            places.append(start)
            start += groups[number].count
        }
        records = [CallRecord](unsafeUninitializedCapacity: total) { target, count in
            var row = 0
            for source in sources {
                for record in source.records {
                    let number = Int(numbers[row])
                    target.initializeElement(at: Int(places[number]), to: record)
                    places[number] += 1
                    row += 1
                }
            }
            count = total
        }
    }

    /// Finds the group of each record.
    private mutating func number(
        _ source: ExtractedCalls, arrivedBy now: Int64, _ index: inout TraceIndex, _ numbers: inout [UInt32]
    ) {
        var row = 0
        var last = (traceIDLow: UInt64(0), number: -1)
        for batch in source.batches {
            let arrival = min(batch.arrival, now)
            while row < batch.end {
                let traceIDLow = source.records[row].traceIDLow
                if last.number < 0 || last.traceIDLow != traceIDLow {
                    let number = index.number(of: traceIDLow, orNew: groups.count)
                    last = (traceIDLow, number)
                    if number == groups.count {
                        groups.append(
                            CallGroup(
                                traceIDLow: traceIDLow, firstArrival: arrival, lastArrival: arrival, start: 0,
                                count: 0))
                    }
                }
                groups[last.number].count += 1
                groups[last.number].firstArrival = min(groups[last.number].firstArrival, arrival)
                groups[last.number].lastArrival = max(groups[last.number].lastArrival, arrival)
                numbers.append(UInt32(last.number))
                row += 1
            }
        }
    }

    mutating func reserve(groupCount: Int, recordCount: Int) {
        groups.reserveCapacity(groupCount)
        records.reserveCapacity(recordCount)
    }

    mutating func append(_ group: CallGroup, _ rows: ArraySlice<CallRecord>) {
        var group = group
        group.start = UInt32(records.count)
        group.count = UInt32(rows.count)
        groups.append(group)
        records.append(contentsOf: rows)
    }
}
