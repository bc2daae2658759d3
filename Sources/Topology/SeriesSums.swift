internal import Bytes
internal import TraceModel

/// Totals of series by minute, found by one look-up.
struct SeriesSums: Sendable {
    struct Key: Hashable, Sendable {
        /// The minute's start, nanoseconds since 1970.
        var minute: Int64
        var series: CallSeries
    }

    /// What tells a series in fewer words than itself, among those of one counter: never two series.
    struct Hint {
        var high: UInt64
        var low: UInt64
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

    /// The series that a hint told last.
    private struct Hinted: Sendable {
        var hint = Hint(high: 0, low: 0)
        var minute: Int64 = 0
        /// Its place plus one; 0: none.
        var entry: UInt32 = 0
    }

    private(set) var keys: [Key] = []
    var tallies: [Tally] = []
    /// By hash of the hint.
    private var hinted = [Hinted](repeating: Hinted(), count: hintedCount)
    /// Open addressing: a place in `keys` plus one, or 0.
    private var slots = [UInt32](repeating: 0, count: 256)
    /// Nobody outside can know which series fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)

    private static let hintedCount = 1024

    /// The place of the tally that a hint told last.
    @inline(__always)
    func place(at time: Int64, _ hint: Hint?) -> Int? {
        guard let hint else { return nil }
        let known = hinted[slot(of: hint)]
        guard known.entry > 0, known.hint.high == hint.high, known.hint.low == hint.low,
            known.minute == Self.minute(of: time)
        else { return nil }
        return Int(known.entry) - 1
    }

    /// The place of the tally of a series in the minute of a time, which the hint tells from now on.
    mutating func place(at time: Int64, _ hint: Hint?, _ series: CallSeries) -> Int {
        let minute = Self.minute(of: time)
        let place = place(of: Key(minute: minute, series: series))
        if let hint { hinted[slot(of: hint)] = Hinted(hint: hint, minute: minute, entry: UInt32(place + 1)) }
        return place
    }

    @inline(__always)
    private func slot(of hint: Hint) -> Int {
        Int(truncatingIfNeeded: ByteHash.fold(hint.high ^ seed, hint.low ^ ByteHash.seed)) & (Self.hintedCount - 1)
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
