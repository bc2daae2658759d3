package import TraceModel

/// Places of the bins of durations in arrays: place 0 is the bin of no duration, others stand at their number and an
/// offset.
package enum DurationPlaces {
    package static let offset = 4001
    /// Places are lower.
    package static let end = 8002

    /// By place: the duration that stands for those of the bin, in nanoseconds.
    static let durations: [Int64] = (0..<end).map { place in
        DurationSketch.duration(ofBin: place == 0 ? nil : Int32(place - offset))
    }
}

/// Between which places the durations of each sketch lie, as far as any is known: how much room counts of them take.
///
/// Series have two sketches, the caller's at twice their number, the callee's behind it. A sketch with durations takes
/// one count for place 0 and one for each place between its bounds.
package struct DurationBounds {
    /// Of each sketch; the low one is the higher without any place but 0.
    package private(set) var lows: [UInt16] = []
    private var highs: [UInt16] = []
    private var isUsed: [Bool] = []
    /// Of each sketch, the start of its counts; then the end of all.
    package private(set) var starts: [Int] = [0]
    private var isChanged = false

    package init() {}

    package var seriesCount: Int { isUsed.count / 2 }
    package var countCount: Int { starts[starts.count - 1] }

    package mutating func grow(toSeries count: Int) {
        guard count > seriesCount else { return }
        let new = 2 * count - isUsed.count
        lows.append(contentsOf: repeatElement(.max, count: new))
        highs.append(contentsOf: repeatElement(0, count: new))
        isUsed.append(contentsOf: repeatElement(false, count: new))
        isChanged = true
    }

    /// Takes durations into a sketch, the lowest and the highest place but 0; without such a place the low one is the
    /// higher.
    package mutating func take(_ sketch: Int, low: UInt16, high: UInt16) {
        if !isUsed[sketch] || low < lows[sketch] || high > highs[sketch] {
            isUsed[sketch] = true
            lows[sketch] = min(lows[sketch], low)
            highs[sketch] = max(highs[sketch], high)
            isChanged = true
        }
    }

    /// Gives the sketches their starts, after changes.
    package mutating func place() {
        guard isChanged else { return }
        isChanged = false
        starts.removeAll(keepingCapacity: true)
        starts.reserveCapacity(isUsed.count + 1)
        var start = 0
        for sketch in isUsed.indices {
            starts.append(start)
            guard isUsed[sketch] else { continue }
            start += 1 + max(0, Int(highs[sketch]) - Int(lows[sketch]) + 1)
        }
        starts.append(start)
    }
}

/// What series counted, by their numbers, in a few blocks of memory: sums without a dictionary, and without an object
/// for each series. For one thread at a time.
package final class DenseTotals {
    package private(set) var bounds = DurationBounds()
    package private(set) var isSeen = UnsafeMutableBufferPointer<Bool>(start: nil, count: 0)
    package private(set) var callCounts = UnsafeMutableBufferPointer<Int>(start: nil, count: 0)
    package private(set) var errorCounts = UnsafeMutableBufferPointer<Int>(start: nil, count: 0)
    /// Those of a sketch begin at `bounds.starts`: that of place 0, then those from `bounds.lows` on.
    package private(set) var counts = UnsafeMutableBufferPointer<Int>(start: nil, count: 0)

    package init() {}

    deinit { free() }

    private func free() {
        isSeen.deallocate()
        callCounts.deallocate()
        errorCounts.deallocate()
        counts.deallocate()
    }

    /// Memory taken.
    package var byteCount: Int { isSeen.count * 17 + counts.count * 8 }

    /// Begins sums of nothing.
    /// - Parameter bounds: placed, and of all that will be added.
    package func begin(_ bounds: DurationBounds) {
        self.bounds = bounds
        if isSeen.count < bounds.seriesCount || counts.count < bounds.countCount {
            free()
            // Some more, so that a little growth takes no other memory.
            let seriesCount = bounds.seriesCount + bounds.seriesCount / 8
            isSeen = .allocate(capacity: seriesCount)
            callCounts = .allocate(capacity: seriesCount)
            errorCounts = .allocate(capacity: seriesCount)
            counts = .allocate(capacity: bounds.countCount + bounds.countCount / 8)
        }
        isSeen.update(repeating: false)
    }

    /// Makes a series one that was seen, with nothing counted.
    package func clear(_ number: Int) {
        isSeen[number] = true
        callCounts[number] = 0
        errorCounts[number] = 0
        counts[bounds.starts[2 * number]..<bounds.starts[2 * number + 2]].update(repeating: 0)
    }

    /// Adds totals of a series; the bounds have its durations.
    package func add(_ totals: CallTotals, to number: Int) {
        if !isSeen[number] { clear(number) }
        callCounts[number] += totals.callCount
        errorCounts[number] += totals.errorCount
        add(totals.clientDurations, to: 2 * number)
        add(totals.serverDurations, to: 2 * number + 1)
    }

    private func add(_ durations: DurationSketch, to sketch: Int) {
        let (start, low) = (bounds.starts[sketch], Int(bounds.lows[sketch]))
        durations.forEachBin { number, count in
            let place = number.map { start + 1 + Int($0) + DurationPlaces.offset - low } ?? start
            counts[place] += count
        }
    }
}

extension DurationBounds {
    /// Takes the durations of a sketch.
    package mutating func take(_ sketch: Int, _ durations: DurationSketch) {
        if durations.isEmpty { return }
        var (low, high) = (UInt16.max, UInt16(0))
        durations.forEachBin { number, _ in
            guard let number else { return }
            low = min(low, UInt16(Int(number) + DurationPlaces.offset))
            high = UInt16(Int(number) + DurationPlaces.offset)
        }
        take(sketch, low: low, high: high)
    }
}
