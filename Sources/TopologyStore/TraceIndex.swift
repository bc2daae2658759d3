internal import Bytes

/// Numbers of traces by the low halves of their IDs. Open addressing; nothing is ever taken out.
struct TraceIndex: Sendable {
    private struct Slot {
        var traceIDLow: UInt64
        /// The trace's number and 1; 0 is an empty slot.
        var entry: UInt32
    }

    private var slots: [Slot]
    private var count = 0
    /// Nobody outside can know which IDs fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)

    init(expecting count: Int = 0) {
        var slotCount = 64
        while slotCount * 3 < count * 4 { slotCount *= 2 }
        slots = [Slot](repeating: Slot(traceIDLow: 0, entry: 0), count: slotCount)
    }

    func number(of traceIDLow: UInt64) -> Int? {
        var place = place(of: traceIDLow)
        while slots[place].entry != 0 {
            if slots[place].traceIDLow == traceIDLow { return Int(slots[place].entry) - 1 }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The number of a trace, which is `next` if it has none yet.
    mutating func number(of traceIDLow: UInt64, orNew next: Int) -> Int {
        var place = place(of: traceIDLow)
        while slots[place].entry != 0 {
            if slots[place].traceIDLow == traceIDLow { return Int(slots[place].entry) - 1 }
            place = (place + 1) & (slots.count - 1)
        }
        slots[place] = Slot(traceIDLow: traceIDLow, entry: UInt32(next + 1))
        count += 1
        if count * 4 > slots.count * 3 { grow() }
        return next
    }

    private func place(of traceIDLow: UInt64) -> Int {
        Int(truncatingIfNeeded: ByteHash.fold(traceIDLow ^ seed, ByteHash.seed)) & (slots.count - 1)
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(traceIDLow: 0, entry: 0), count: old.count * 2)
        for slot in old where slot.entry != 0 {
            var place = place(of: slot.traceIDLow)
            while slots[place].entry != 0 { place = (place + 1) & (slots.count - 1) }
            slots[place] = slot
        }
    }
}
