internal import Bytes

/// Names, each once, numbered in the order of their first coming; number 0 is the empty one.
struct NameTable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    /// Open addressing: a name's number, or 0.
    private var slots = [UInt32](repeating: 0, count: 64)
    /// Nobody outside can know which names fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)

    mutating func intern(_ name: UnsafeRawBufferPointer) -> UInt32 {
        if name.isEmpty { return 0 }
        var slot = slot(of: name)
        while slots[slot] != 0 {
            if isName(slots[slot], name) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = UInt32(ends.count)
        slots[slot] = number
        bytes.append(contentsOf: name)
        ends.append(bytes.count)
        if ends.count * 2 > slots.count { growSlots() }
        return number
    }

    @inline(__always)
    private func isName(_ number: UInt32, _ name: UnsafeRawBufferPointer) -> Bool {
        let (start, end) = (ends[Int(number) - 1], ends[Int(number)])
        guard end - start == name.count, let other = name.baseAddress else { return false }
        return bytes.withUnsafeBytes { $0.baseAddress.map { sameBytes($0 + start, other, name.count) } ?? false }
    }

    func withName<Result>(_ number: UInt32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let start = number == 0 ? 0 : ends[Int(number) - 1]
        return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<ends[Int(number)]])) }
    }

    func text(_ number: UInt32) -> String { withName(number) { String(decoding: $0, as: UTF8.self) } }

    /// By their bytes.
    func isBefore(_ a: UInt32, _ b: UInt32) -> Bool {
        withName(a) { first in withName(b) { first.lexicographicallyPrecedes($0) } }
    }

    private func slot(of name: UnsafeRawBufferPointer) -> Int {
        Int(truncatingIfNeeded: ByteHash.hash(name, seed: seed)) & (slots.count - 1)
    }

    private mutating func growSlots() {
        slots = [UInt32](repeating: 0, count: slots.count * 4)
        for number in 1..<UInt32(ends.count) {
            var slot = withName(number) { self.slot(of: $0) }
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = number
        }
    }
}
