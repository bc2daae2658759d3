internal import Bytes

/// Finds out which traces have parts in more than one place, for a share of all traces: those of one pass of several.
struct TraceTally {
    /// Traces of one pass, about; each takes 16 to 32 bytes.
    static let traceCountMax = 1 << 20

    private struct Entry: BitwiseCopyable {
        var traceIDLow: UInt64
        /// 0: the slot is free.
        var partCount: UInt32
        var spanCount: UInt32
    }

    private var slots = [Entry](repeating: Entry(traceIDLow: 0, partCount: 0, spanCount: 0), count: 1024)
    private var count = 0
    private let pass: UInt64
    private let passCount: UInt64

    /// The same in all passes, or traces would fall between them.
    private static let seed = UInt64.random(in: .min ... .max)

    init(pass: Int, of passCount: Int) {
        self.pass = UInt64(pass)
        self.passCount = UInt64(passCount)
    }

    /// Takes in a part of a trace, unless the trace is another pass's.
    mutating func add(_ traceIDLow: UInt64, spanCount: Int) {
        let hash = Self.hash(traceIDLow)
        guard passCount == 1 || (hash >> 32) % passCount == pass else { return }
        let slot = slot(of: traceIDLow, hash)
        if slots[slot].partCount == 0 {
            slots[slot].traceIDLow = traceIDLow
            count += 1
        }
        slots[slot].partCount &+= 1
        slots[slot].spanCount &+= UInt32(truncatingIfNeeded: spanCount)
        if count * 2 > slots.count { grow() }
    }

    /// Calls `body` with each trace that has several parts, and the number of its spans.
    func forEachParted(_ body: (_ traceIDLow: UInt64, _ spanCount: Int) -> Void) {
        for entry in slots where entry.partCount > 1 { body(entry.traceIDLow, Int(entry.spanCount)) }
    }

    private static func hash(_ traceIDLow: UInt64) -> UInt64 {
        ByteHash.fold(traceIDLow ^ seed, 0x9e37_79b9_7f4a_7c15)
    }

    private func slot(of traceIDLow: UInt64, _ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot].partCount > 0, slots[slot].traceIDLow != traceIDLow { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private mutating func grow() {
        let old = slots
        slots = [Entry](repeating: Entry(traceIDLow: 0, partCount: 0, spanCount: 0), count: old.count * 2)
        for entry in old where entry.partCount > 0 {
            slots[slot(of: entry.traceIDLow, Self.hash(entry.traceIDLow))] = entry
        }
    }
}
