internal import Bytes

/// Shapes, each once, numbered in the order of their first coming.
struct ShapeTable: ~Copyable {
    /// First word of each shape, and the end of the last.
    private(set) var starts = ColumnBuffer<UInt32>(capacity: 64)
    private(set) var words = ColumnBuffer<UInt32>(capacity: 1024)
    private var slots = ColumnBuffer<UInt32>(capacity: 64)
    private var hashes = ColumnBuffer<UInt32>(capacity: 64)

    /// Nobody outside can know which shapes fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)

    private static let initialSlotCount = 64

    init() { removeAll() }

    var count: Int { starts.count - 1 }

    mutating func removeAll() {
        starts.removeAll(keepingCapacityUpTo: 1024)
        words.removeAll(keepingCapacityUpTo: 1 << 15)
        hashes.removeAll(keepingCapacityUpTo: 1024)
        slots.removeAll(keepingCapacityUpTo: 1024)
        slots.append(repeating: 0, count: Self.initialSlotCount)
        starts.append(0)
    }

    mutating func intern(
        _ serviceName: UInt32, _ operationName: UInt32, _ traits: UInt32, _ columns: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        var wide = ByteHash.fold(UInt64(serviceName) << 32 | UInt64(operationName), UInt64(traits) ^ seed)
        if columns.count > 0 {
            wide = ByteHash.hash(UnsafeRawBufferPointer(columns), seed: wide)
        }
        let hash = UInt32(truncatingIfNeeded: wide)
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let shape = Int(slots[slot] - 1)
            if hashes[shape] == hash && holds(shape, serviceName, operationName, traits, columns) {
                return UInt32(shape)
            }
            slot = (slot + 1) & mask
        }
        let shape = count
        slots[slot] = UInt32(shape) + 1
        hashes.append(hash)
        words.append(serviceName)
        words.append(operationName)
        words.append(traits)
        words.append(contentsOf: columns)
        starts.append(UInt32(words.count))
        if count * 2 > slots.count { growSlots() }
        return UInt32(shape)
    }

    private func holds(
        _ shape: Int, _ serviceName: UInt32, _ operationName: UInt32, _ traits: UInt32,
        _ columns: UnsafeBufferPointer<UInt32>
    ) -> Bool {
        let start = Int(starts[shape])
        guard Int(starts[shape + 1]) - start == columns.count + SpanBatch.shapeHeaderWordCount else { return false }
        let own = words.start + start
        guard own[0] == serviceName, own[1] == operationName, own[2] == traits else { return false }
        guard let other = columns.baseAddress else { return true }
        return sameBytes(own + SpanBatch.shapeHeaderWordCount, other, columns.count * 4)
    }

    private mutating func growSlots() {
        let slotCount = slots.count * 4
        slots.removeAll()
        slots.append(repeating: 0, count: slotCount)
        for shape in 0..<count {
            var slot = Int(hashes[shape]) & (slotCount - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slotCount - 1) }
            slots[slot] = UInt32(shape) + 1
        }
    }
}
