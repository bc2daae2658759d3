internal import Bytes

/// The strings of many batches, each once, numbered in the order of their first coming; 0 is the empty one.
///
/// Borrows the bytes: whoever owns them must outlive it.
struct SegmentStrings: ~Copyable {
    private var starts = ColumnBuffer<UnsafeRawPointer>(capacity: 1 << 14)
    private var counts = ColumnBuffer<UInt32>(capacity: 1 << 14)
    private var hashes = ColumnBuffer<UInt32>(capacity: 1 << 14)
    private var slots = ColumnBuffer<UInt32>(capacity: 1 << 15)

    /// What the empty string points to: no byte of it is ever read.
    private let nowhere = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)

    init() {
        slots.append(repeating: 0, count: 1 << 15)
        starts.append(UnsafeRawPointer(nowhere))
        counts.append(0)
        hashes.append(0)
    }

    deinit { nowhere.deallocate() }

    var count: Int { starts.count }

    subscript(number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: starts[number], count: Int(counts[number]))
    }

    @inline(__always)
    func byteCount(_ number: Int) -> Int { Int(counts[number]) }

    /// The number of a string; nil if it is not there.
    func find(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return 0 }
        let hash = UInt32(truncatingIfNeeded: ByteHash.hash(start, bytes.count))
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let number = Int(slots[slot])
            if hashes[number] == hash, self[number].elementsEqual(bytes) { return UInt32(number) }
            slot = (slot + 1) & mask
        }
        return nil
    }

    @inline(__always)
    mutating func intern(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return 0 }
        let hash = UInt32(truncatingIfNeeded: ByteHash.hash(start, bytes.count))
        let mask = slots.count &- 1
        var slot = Int(hash) & mask
        while slots.start[slot] != 0 {
            let number = Int(slots.start[slot])
            if hashes.start[number] == hash && Int(counts.start[number]) == bytes.count
                && sameBytes(starts.start[number], start, bytes.count)
            {
                return UInt32(number)
            }
            slot = (slot &+ 1) & mask
        }
        let number = count
        slots.start[slot] = UInt32(number)
        starts.append(start)
        counts.append(UInt32(bytes.count))
        hashes.append(hash)
        if number * 2 > mask { growSlots() }
        return UInt32(number)
    }

    /// Forgets all strings from `count` on.
    mutating func truncate(to count: Int) {
        let mask = slots.count - 1
        // In the opposite order of their coming, so that each is where a look-up ends.
        for number in stride(from: self.count - 1, through: max(count, 1), by: -1) {
            var slot = Int(hashes[number]) & mask
            while slots[slot] != UInt32(number) { slot = (slot + 1) & mask }
            slots[slot] = 0
        }
        starts.truncate(to: max(count, 1))
        counts.truncate(to: max(count, 1))
        hashes.truncate(to: max(count, 1))
    }

    private mutating func growSlots() {
        let slotCount = slots.count * 2
        slots.removeAll()
        slots.append(repeating: 0, count: slotCount)
        for number in 1..<count {
            var slot = Int(hashes[number]) & (slotCount - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slotCount - 1) }
            slots[slot] = UInt32(number)
        }
    }
}
