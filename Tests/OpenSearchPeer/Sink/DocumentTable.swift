import Bytes
import Glibc

/// Every document that came: its index and ID, how often it came, and whether it was the same each time.
struct DocumentTable {
    struct Entry {
        let hash: UInt64
        /// Where the ID stands in `idBytes`.
        let idStart: Int
        let idByteCount: UInt16
        let index: UInt16
        /// How often it came.
        var count: UInt32
        /// Length and checksum of what came last.
        var source: UInt64
        /// It did not come as it had come before.
        var isDiffering: Bool
    }

    struct IndexSummary {
        var documentCount = 0
        /// Times that a document came again.
        var repeatCount = 0
        /// Documents that came again, and not the same.
        var differingCount = 0
    }

    private(set) var entries: [Entry] = []
    private(set) var indexNames: [String] = []
    private(set) var summaries: [IndexSummary] = []
    private var idBytes: [UInt8] = []
    private var indexNumbers: [String: UInt16] = [:]
    /// Numbers of entries from 1 on, by hash; 0 where there is none. Their count is a power of two.
    private var slots = [UInt32](repeating: 0, count: 1 << 12)

    /// The index's number, and whether it is new.
    mutating func number(ofIndex name: String) -> (number: UInt16, isNew: Bool) {
        if let number = indexNumbers[name] { return (number, false) }
        precondition(indexNames.count < Int(UInt16.max), "tests have few indices")
        let number = UInt16(indexNames.count)
        indexNames.append(name)
        summaries.append(IndexSummary())
        indexNumbers[name] = number
        return (number, true)
    }

    static func source(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(truncatingIfNeeded: bytes.count) << 32 | UInt64(CRC32C.checksum(bytes))
    }

    /// Counts a document.
    /// - Returns: whether it came before.
    mutating func record(index: UInt16, id: UnsafeRawBufferPointer, source: UInt64) -> Bool {
        let hash = ByteHash.hash(id, seed: UInt64(index))
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if entries[number].hash == hash, isEqual(number, index, id) {
                entries[number].count += 1
                summaries[Int(index)].repeatCount += 1
                if entries[number].source != source {
                    if !entries[number].isDiffering { summaries[Int(index)].differingCount += 1 }
                    entries[number].isDiffering = true
                    entries[number].source = source
                }
                return true
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        entries.append(
            Entry(
                hash: hash, idStart: idBytes.count, idByteCount: UInt16(id.count), index: index, count: 1,
                source: source, isDiffering: false))
        idBytes.append(contentsOf: id)
        slots[slot] = UInt32(entries.count)
        summaries[Int(index)].documentCount += 1
        if entries.count * 2 > slots.count { grow() }
        return false
    }

    /// Whether the document came.
    func contains(index: UInt16, id: UnsafeRawBufferPointer) -> Bool {
        let hash = ByteHash.hash(id, seed: UInt64(index))
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if entries[number].hash == hash, isEqual(number, index, id) { return true }
            slot = (slot + 1) & (slots.count - 1)
        }
        return false
    }

    /// Appends the IDs of the indices whose names begin so, one a line, in the order they came.
    func appendIDs(prefix: String, onto text: inout [UInt8]) {
        let isWanted = indexNames.map { $0.hasPrefix(prefix) }
        for entry in entries where isWanted[Int(entry.index)] {
            text.append(contentsOf: idBytes[entry.idStart..<entry.idStart + Int(entry.idByteCount)])
            text.append(10)
        }
    }

    private func isEqual(_ number: Int, _ index: UInt16, _ id: UnsafeRawBufferPointer) -> Bool {
        let entry = entries[number]
        guard entry.index == index, Int(entry.idByteCount) == id.count else { return false }
        return idBytes.withUnsafeBytes { bytes in
            guard let mine = bytes.baseAddress, let other = id.baseAddress else { return id.isEmpty }
            return memcmp(mine + entry.idStart, other, id.count) == 0
        }
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: 0, count: slots.count * 2)
        for (number, entry) in entries.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & (larger.count - 1)
            while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = UInt32(number + 1)
        }
        slots = larger
    }
}
