internal import Bytes
internal import TraceModel

/// Totals of series by minute, found by one look-up.
struct SeriesSums: Sendable {
    struct Key: Hashable, Sendable {
        /// The minute's start, nanoseconds since 1970.
        var minute: Int64
        var series: CallSeries
    }

    /// What is counted of a series in a minute.
    struct Tally: Sendable {
        var callCount = 0
        var errorCount = 0
        var clientDurations = DurationBins()
        var serverDurations = DurationBins()
        /// Only its examples count.
        var signs = CallTotals()

        @inline(__always)
        mutating func count(isError: Bool) {
            callCount += 1
            if isError { errorCount += 1 }
        }

        var totals: CallTotals {
            var totals = signs
            (totals.callCount, totals.errorCount) = (callCount, errorCount)
            totals.clientDurations = clientDurations.sketch
            totals.serverDurations = serverDurations.sketch
            return totals
        }
    }

    private(set) var keys: [Key] = []
    var tallies: [Tally] = []
    /// Open addressing: a place in `keys` plus one, or 0.
    private var slots = [UInt32](repeating: 0, count: 256)
    /// Nobody outside can know which series fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)

    /// The place of the tally of a series in the minute of a time.
    mutating func place(at time: Int64, _ series: CallSeries) -> Int {
        place(of: Key(minute: Self.minute(of: time), series: series))
    }

    static let minuteDuration: Int64 = 60_000_000_000

    /// The start of a time's minute; of the minutes at both ends of time only what there is of them.
    @inline(__always)
    static func minute(of time: Int64) -> Int64 {
        let rest = time % minuteDuration
        if rest >= 0 { return time - rest }
        let (minute, overflows) = (time - rest).subtractingReportingOverflow(minuteDuration)
        return overflows ? Int64.min + 1 : minute
    }

    private mutating func place(of key: Key) -> Int {
        var slot = slot(of: key)
        while slots[slot] != 0 {
            let place = Int(slots[slot] - 1)
            if keys[place] == key { return place }
            slot = (slot + 1) & (slots.count - 1)
        }
        keys.append(key)
        tallies.append(Tally())
        slots[slot] = UInt32(keys.count)
        if keys.count * 2 > slots.count { growSlots() }
        return keys.count - 1
    }

    private mutating func growSlots() {
        slots = [UInt32](repeating: 0, count: slots.count * 4)
        for (place, key) in keys.enumerated() {
            var slot = slot(of: key)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(place + 1)
        }
    }

    @inline(__always)
    private func slot(of key: Key) -> Int {
        func words(_ party: CallParty) -> (UInt64, UInt64) {
            (
                UInt64(party.serviceName) << 32 | UInt64(party.namespace),
                UInt64(party.version) << 32 | UInt64(party.operationName)
            )
        }
        let (caller, callee) = (words(key.series.caller), words(key.series.callee))
        let kinds =
            UInt64(key.series.kind.rawValue) | UInt64(key.series.spanKind.rawValue) << 8
            | (key.series.isMirrored ? 1 << 16 : 0)
        var hash = ByteHash.fold(callee.0 ^ seed, callee.1 ^ ByteHash.seed)
        hash = ByteHash.fold(hash ^ caller.0, caller.1 ^ ByteHash.seed)
        hash = ByteHash.fold(hash ^ UInt64(bitPattern: key.minute), kinds ^ ByteHash.seed)
        return Int(truncatingIfNeeded: hash) & (slots.count - 1)
    }
}
