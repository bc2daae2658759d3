internal import Bytes
internal import TraceModel

/// Where the texts are that were made of a few strings of a batch, those that came last.
struct DocumentPieces: ~Copyable {
    /// Numbers of the batch's strings; 0 for none.
    struct Key: BitwiseCopyable, Equatable {
        let serviceName: UInt32
        let resource: UInt32
        let ipv4: UInt32
        let ipv6: UInt32
        let scope: UInt32
    }

    // Not private: debug builds refer to it.
    struct Entry: BitwiseCopyable {
        let key: Key
        let first: Int
        let end: Int
    }

    private static let slotCount = 256

    private var entries = ColumnBuffer<Entry>(capacity: slotCount)
    /// An entry's number + 1, or 0; of those that want the same slot the last has it.
    private var slots = ColumnBuffer<UInt32>(capacity: slotCount)

    init() { slots.append(repeating: 0, count: Self.slotCount) }

    mutating func removeAll() {
        guard entries.count > 0 else { return }
        entries.removeAll(keepingCapacityUpTo: Self.slotCount)
        slots.removeAll()
        slots.append(repeating: 0, count: Self.slotCount)
    }

    func find(_ key: Key) -> Range<Int>? {
        let number = slots[Self.slot(key)]
        guard number > 0, case let entry = entries[Int(number) - 1], entry.key == key else { return nil }
        return entry.first..<entry.end
    }

    mutating func remember(_ key: Key, _ piece: Range<Int>) {
        entries.append(Entry(key: key, first: piece.lowerBound, end: piece.upperBound))
        slots[Self.slot(key)] = UInt32(entries.count)
    }

    private static func slot(_ key: Key) -> Int {
        let low = UInt64(key.serviceName) | UInt64(key.resource) << 32
        let high = UInt64(key.ipv4 ^ key.scope) | UInt64(key.ipv6) << 32
        return Int(ByteHash.fold(low ^ ByteHash.seed, high ^ 0x9e37_79b9_7f4a_7c15) & UInt64(slotCount - 1))
    }
}
