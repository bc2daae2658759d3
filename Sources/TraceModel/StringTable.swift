internal import Bytes

/// Strings, each once, numbered in the order of their first coming; number 0 is the empty one.
struct StringTable: ~Copyable {
    private(set) var ends = ColumnBuffer<UInt32>(capacity: 1024)
    /// Behind the last string there is room that may be read, so that one can look at a whole window at once.
    private(set) var bytes = ColumnBuffer<UInt8>(capacity: 1 << 15)
    private var hashes = ColumnBuffer<UInt32>(capacity: 1024)
    /// Open addressing: a string's number + 1, or 0.
    private var slots: UnsafeMutablePointer<UInt32>
    private var slotMask: Int
    /// Nobody outside can know which strings fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)

    private static let initialSlotCount = 1024

    init() {
        slots = .allocate(capacity: Self.initialSlotCount)
        slots.update(repeating: 0, count: Self.initialSlotCount)
        slotMask = Self.initialSlotCount - 1
        ends.append(0)
        hashes.append(0)
    }

    deinit { slots.deallocate() }

    var count: Int { ends.count }
    var byteCount: Int { bytes.count }

    subscript(number: UInt32) -> UnsafeRawBufferPointer {
        let end = Int(ends[Int(number)])
        let start = number == 0 ? 0 : Int(ends[Int(number) - 1])
        return UnsafeRawBufferPointer(start: bytes.start + start, count: end - start)
    }

    /// A string as what may be expected again.
    func memoValue(_ number: UInt32) -> AttributeMemo.Value {
        let end = ends[Int(number)]
        let start = number == 0 ? 0 : ends[Int(number) - 1]
        return AttributeMemo.Value(start: start, count: end - start, number: number)
    }

    mutating func removeAll(keepingCapacityUpTo capacityMax: Int) {
        if slotMask >= capacityMax {
            slots.deallocate()
            slotMask = Self.initialSlotCount - 1
            slots = .allocate(capacity: Self.initialSlotCount)
            slots.update(repeating: 0, count: Self.initialSlotCount)
        } else {
            clearSlots()
        }
        ends.removeAll(keepingCapacityUpTo: capacityMax)
        hashes.removeAll(keepingCapacityUpTo: capacityMax)
        bytes.removeAll(keepingCapacityUpTo: capacityMax * 16)
        ends.append(0)
        hashes.append(0)
    }

    /// Empties every slot; of a big table that holds little only those that are taken.
    private mutating func clearSlots() {
        guard ends.count < slotMask / 8 else {
            slots.update(repeating: 0, count: slotMask + 1)
            return
        }
        for number in 1..<ends.count {
            var slot = Int(hashes[number]) & slotMask
            // Slots before its own may be empty again already.
            while slots[slot] != UInt32(number) + 1 { slot = (slot + 1) & slotMask }
            slots[slot] = 0
        }
    }

    /// The number of a string that is not empty.
    @inline(__always)
    mutating func intern(_ start: UnsafeRawPointer, _ count: Int) -> UInt32 {
        let hash = UInt32(truncatingIfNeeded: ByteHash.hash(start, count, seed: seed))
        var slot = Int(hash) & slotMask
        while slots[slot] != 0 {
            let number = Int(slots[slot] &- 1)
            if hashes.start[number] == hash {
                let end = Int(ends.start[number])
                let begin = Int(ends.start[number &- 1])
                if end &- begin == count && sameBytes(bytes.start + begin, start, count) { return UInt32(number) }
            }
            slot = (slot &+ 1) & slotMask
        }
        return add(start, count, hash: hash, slot: slot)
    }

    @inline(never)
    private mutating func add(_ start: UnsafeRawPointer, _ count: Int, hash: UInt32, slot: Int) -> UInt32 {
        let number = ends.count
        slots[slot] = UInt32(number) + 1
        bytes.append(contentsOf: UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: count))
        bytes.room(for: ByteWindow.byteCount).update(repeating: 0, count: ByteWindow.byteCount)
        ends.append(UInt32(bytes.count))
        hashes.append(hash)
        if number * 2 > slotMask { growSlots() }
        return UInt32(number)
    }

    private mutating func growSlots() {
        slots.deallocate()
        let slotCount = (slotMask + 1) * 4
        slotMask = slotCount - 1
        slots = .allocate(capacity: slotCount)
        slots.update(repeating: 0, count: slotCount)
        for number in 1..<ends.count {
            var slot = Int(hashes[number]) & slotMask
            while slots[slot] != 0 { slot = (slot + 1) & slotMask }
            slots[slot] = UInt32(number) + 1
        }
    }
}
