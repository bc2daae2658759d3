internal import TraceModel

/// The last value that each key had in a trace, as a builder's number of it.
struct TraceRepeats {
    /// Open addressing: a key + 1, or 0.
    private var keys: [UInt32] = []
    private var references: [UInt32] = []
    private var count = 0
    /// The values' bytes while no builder has them, in the order of the slots, and the end of each.
    private var savedBytes: [UInt8] = []
    private var savedEnds: [Int] = []

    private func slot(of key: UInt32) -> Int {
        let mask = keys.count - 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b1) >> 8) & mask
        while keys[slot] != 0, keys[slot] != key + 1 { slot = (slot + 1) & mask }
        return slot
    }

    func reference(_ key: UInt32) -> UInt32? {
        guard !keys.isEmpty else { return nil }
        let slot = slot(of: key)
        return keys[slot] == 0 ? nil : references[slot]
    }

    mutating func set(_ key: UInt32, _ reference: UInt32) {
        if count * 2 >= keys.count { grow() }
        let slot = slot(of: key)
        if keys[slot] == 0 {
            keys[slot] = key + 1
            count += 1
        }
        references[slot] = reference
    }

    private mutating func grow() {
        let old = zip(keys, references).filter { $0.0 != 0 }
        let slotCount = max(16, keys.count * 2)
        keys = Array(repeating: 0, count: slotCount)
        references = Array(repeating: 0, count: slotCount)
        for (key, reference) in old {
            let slot = slot(of: key - 1)
            keys[slot] = key
            references[slot] = reference
        }
    }

    /// Keeps the values themselves: the builder is given up.
    mutating func save(from builder: borrowing SpanBatchBuilder) {
        savedBytes.removeAll(keepingCapacity: true)
        savedEnds.removeAll(keepingCapacity: true)
        for slot in keys.indices where keys[slot] != 0 {
            savedBytes.append(contentsOf: builder.string(references[slot]))
            savedEnds.append(savedBytes.count)
        }
    }

    /// Gives another builder the values that were saved.
    mutating func restore(to builder: inout SpanBatchBuilder) {
        var start = 0
        var next = savedEnds.startIndex
        for slot in keys.indices where keys[slot] != 0 {
            references[slot] = savedBytes.withUnsafeBytes { raw in
                builder.intern(UnsafeRawBufferPointer(rebasing: raw[start..<savedEnds[next]]))
            }
            start = savedEnds[next]
            next += 1
        }
    }
}
