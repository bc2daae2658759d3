internal import Bytes

/// Texts that many documents have in common, and what each of them makes of a hash.
///
/// FNV-1a takes a byte by changing the lowest eight bits of its state and multiplying the whole. What a text adds to
/// the state therefore depends on nothing but those eight bits: with what it adds to each of the 256 known beforehand,
/// a text of any length takes one multiplication.
struct DocumentTexts: ~Copyable {
    // Not private: debug builds refer to it.
    struct Entry: BitwiseCopyable {
        let start: Int
        let count: Int
        /// The prime, to the power of the text's bytes.
        let factor: UInt64
    }

    private var texts = DocumentWriter(capacity: 1 << 14)
    private var entries = ColumnBuffer<Entry>(capacity: 64)
    /// For each entry what becomes of a state that is 0, 1, ... 255.
    private var outcomes = ColumnBuffer<UInt64>(capacity: stateCount * 64)
    private var numbers: [UInt64: Int] = [:]

    private static let stateCount = 256
    private static let entryCountMax = 4096
    private static let byteCountMax = 8 << 20

    /// Whether there is no room for more.
    var isFull: Bool { entries.count >= Self.entryCountMax || texts.count >= Self.byteCountMax }

    mutating func removeAll() {
        texts.removeAll()
        entries.removeAll()
        outcomes.removeAll(keepingCapacityUpTo: Self.stateCount * 64)
        numbers.removeAll()
    }

    /// The number of a text; nil if it is not kept.
    func find(_ text: UnsafeRawBufferPointer) -> Int? {
        guard let number = numbers[Self.hash(text)], self.text(number).elementsEqual(text) else { return nil }
        return number
    }

    /// The number of a text, which is kept from now on.
    mutating func number(of text: UnsafeRawBufferPointer) -> Int {
        if let number = find(text) { return number }
        let number = entries.count
        numbers[Self.hash(text)] = number
        entries.append(Entry(start: texts.count, count: text.count, factor: FNV1a.factor(byteCount: text.count)))
        texts.write(text)
        let room = outcomes.room(for: Self.stateCount)
        FNV1a.outcomes(text, UnsafeMutableBufferPointer(start: room, count: Self.stateCount))
        outcomes.extend(by: Self.stateCount)
        return number
    }

    private static func hash(_ text: UnsafeRawBufferPointer) -> UInt64 {
        text.baseAddress.map { ByteHash.hash($0, text.count, seed: ByteHash.seed) } ?? 0
    }

    private func text(_ number: Int) -> UnsafeRawBufferPointer {
        let entry = entries[number]
        return UnsafeRawBufferPointer(rebasing: texts.bytes[entry.start..<entry.start + entry.count])
    }

    /// Writes a text.
    /// - Parameter state: of the hash of all that the document has so far.
    @inline(__always)
    func write(_ number: Int, to document: inout DocumentWriter, _ state: inout UInt64) {
        let entry = entries[number]
        document.write(UnsafeRawBufferPointer(rebasing: texts.bytes[entry.start..<entry.start &+ entry.count]))
        let low = state & UInt64(Self.stateCount &- 1)
        state = (state &- low) &* entry.factor &+ outcomes[number &* Self.stateCount &+ Int(low)]
    }
}

extension FNV1a {
    /// What a state is multiplied with by so many bytes.
    static func factor(byteCount: Int) -> UInt64 {
        var (factor, power, rest) = (1 as UInt64, prime, byteCount)
        while rest > 0 {
            if rest & 1 != 0 { factor = factor &* power }
            power = power &* power
            rest >>= 1
        }
        return factor
    }

    /// What a text makes of states that are their own numbers.
    /// - Parameter states: a multiple of four.
    static func outcomes(_ text: UnsafeRawBufferPointer, _ states: UnsafeMutableBufferPointer<UInt64>) {
        for first in stride(from: 0, to: states.count, by: 4) {
            var a = UInt64(first)
            var b = a + 1
            var c = a + 2
            var d = a + 3
            for byte in text {
                a = (a ^ UInt64(byte)) &* prime
                b = (b ^ UInt64(byte)) &* prime
                c = (c ^ UInt64(byte)) &* prime
                d = (d ^ UInt64(byte)) &* prime
            }
            states[first] = a
            states[first + 1] = b
            states[first + 2] = c
            states[first + 3] = d
        }
    }
}
