internal import Topology
internal import TraceModel

/// What came of one trace.
struct CallGroup: BitwiseCopyable, Hashable, Sendable {
    var traceIDLow: UInt64
    /// When the first and the last of it came: nanoseconds since 1970.
    var firstArrival: Int64
    var lastArrival: Int64
    /// Where its records begin, in whatever has them.
    var start: UInt32
    var count: UInt32
}

/// The calls of generations put together by trace. The records stay in their batches until they are asked for.
struct CallGroups: Sendable {
    /// A span of one of the batches.
    private struct Place: BitwiseCopyable {
        var batch: UInt32
        var row: UInt32
        var site: UInt32
    }

    private(set) var groups: [CallGroup] = []
    /// Trace by trace.
    private var places: [Place] = []
    private var columns: [CallColumns] = []
    /// What the columns are borrowed from.
    private let sources: [ExtractedCalls]

    /// - Parameter now: nothing came later, whatever the clock said then.
    init(_ sources: [ExtractedCalls] = [], arrivedBy now: Int64 = .max) {
        self.sources = sources
        let total = sources.reduce(0) { $0 + $1.sites.count }
        var numbers: [UInt32] = []
        numbers.reserveCapacity(total)
        groups.reserveCapacity(total / 8)
        columns.reserveCapacity(sources.reduce(0) { $0 + $1.batches.count })
        var index = TraceIndex(expecting: total / 8)
        for source in sources { number(source, arrivedBy: now, &index, &numbers) }
        var start: UInt32 = 0
        for number in groups.indices {
            // First each group's start; filling it moves that to its end.
            groups[number].start = start
            start += groups[number].count
        }
        fill(numbers)
    }

    /// Appends the records of a trace.
    func append(_ group: CallGroup, to records: inout [CallRecord]) {
        places.withUnsafeBufferPointer { places in
            columns.withUnsafeBufferPointer { columns in
                for place in places[Int(group.start)..<Int(group.start) + Int(group.count)] {
                    records.append(columns[Int(place.batch)].record(ofRow: Int(place.row), site: place.site))
                }
            }
        }
    }

    /// Finds the group of each record.
    private mutating func number(
        _ source: ExtractedCalls, arrivedBy now: Int64, _ index: inout TraceIndex, _ numbers: inout [UInt32]
    ) {
        var last = (traceIDLow: UInt64(0), number: -1)
        for batch in source.batches {
            columns.append(CallColumns(batch.batch, hasShared: batch.hasShared))
            let arrival = min(batch.arrival, now)
            for traceIDLow in batch.batch.traceIDLowColumn {
                if last.number < 0 || last.traceIDLow != traceIDLow {
                    let number = index.number(of: traceIDLow, orNew: groups.count)
                    last = (traceIDLow, number)
                    if number == groups.count {
                        groups.append(
                            CallGroup(
                                traceIDLow: traceIDLow, firstArrival: arrival, lastArrival: arrival, start: 0,
                                count: 0))
                    }
                    groups[number].firstArrival = min(groups[number].firstArrival, arrival)
                    groups[number].lastArrival = max(groups[number].lastArrival, arrival)
                }
                groups[last.number].count += 1
                numbers.append(UInt32(last.number))
            }
            last.number = -1
        }
    }

    /// - Parameter numbers: for each record its group.
    private mutating func fill(_ numbers: [UInt32]) {
        places = [Place](unsafeUninitializedCapacity: numbers.count) { target, count in
            var (next, batchNumber) = (0, UInt32(0))
            for source in sources {
                var site = 0
                for batch in source.batches {
                    let first = site
                    while site < batch.end {
                        let group = Int(numbers[next])
                        target.initializeElement(
                            at: Int(groups[group].start),
                            to: Place(batch: batchNumber, row: UInt32(site - first), site: source.sites[site]))
                        groups[group].start += 1
                        next += 1
                        site += 1
                    }
                    batchNumber += 1
                }
            }
            count = next
        }
        for group in groups.indices { groups[group].start -= groups[group].count }
    }
}
