/// A set of characters, as ranges of their numbers.
struct CharacterRanges: Equatable {
    /// Apart from each other, ascending.
    private(set) var ranges: [ClosedRange<UInt32>] = []

    static let numberMax: UInt32 = 0x10_ffff

    static let digits = CharacterRanges([("0", "9")])
    static let space = CharacterRanges([("\t", "\n"), ("\u{c}", "\r"), (" ", " ")])
    static let word = CharacterRanges([("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")])
    static let newline = CharacterRanges([("\n", "\n")])
    static let any = newline.inverted.union(newline)

    /// Classes that have a name: `[[:alpha:]]`.
    static let named: [String: CharacterRanges] = [
        "alnum": .init([("0", "9"), ("A", "Z"), ("a", "z")]), "alpha": .init([("A", "Z"), ("a", "z")]),
        "ascii": .init([("\0", "\u{7f}")]), "blank": .init([("\t", "\t"), (" ", " ")]),
        "cntrl": .init([("\0", "\u{1f}"), ("\u{7f}", "\u{7f}")]), "digit": digits, "graph": .init([("!", "~")]),
        "lower": .init([("a", "z")]), "print": .init([(" ", "~")]),
        "punct": .init([("!", "/"), (":", "@"), ("[", "`"), ("{", "~")]),
        "space": .init([("\t", "\r"), (" ", " ")]), "upper": .init([("A", "Z")]), "word": word,
        "xdigit": .init([("0", "9"), ("A", "F"), ("a", "f")]),
    ]

    init() {}

    private init(_ ranges: [(Unicode.Scalar, Unicode.Scalar)]) {
        for range in ranges { insert(range.0.value...range.1.value) }
    }

    mutating func insert(_ range: ClosedRange<UInt32>) { insert([range]) }

    mutating func insert(_ others: [ClosedRange<UInt32>]) {
        var all = ranges + others
        all.sort { $0.lowerBound < $1.lowerBound }
        ranges.removeAll(keepingCapacity: true)
        for range in all {
            if let last = ranges.last, range.lowerBound <= last.upperBound &+ 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    func union(_ other: CharacterRanges) -> CharacterRanges {
        var union = self
        union.insert(other.ranges)
        return union
    }

    var inverted: CharacterRanges {
        var inverted = CharacterRanges()
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { inverted.ranges.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= Self.numberMax { inverted.ranges.append(next...Self.numberMax) }
        return inverted
    }

    /// Ranges of more characters than this are taken for whole scripts, which have both cases.
    private static let foldedRangeMax = 4096

    /// With each letter in both cases.
    var folded: CharacterRanges {
        var extra: [ClosedRange<UInt32>] = []
        for range in ranges where range.count <= Self.foldedRangeMax {
            for number in range {
                guard let scalar = Unicode.Scalar(number), scalar.properties.isCased else { continue }
                for text in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
                    let scalars = text.unicodeScalars
                    if scalars.count == 1, let other = scalars.first?.value, other != number {
                        extra.append(other...other)
                    }
                }
            }
        }
        var folded = self
        if !extra.isEmpty { folded.insert(extra) }
        return folded
    }

    // MARK: UTF-8

    /// Characters that take equally many bytes.
    private static let lengths: [ClosedRange<UInt32>] = [
        0...0x7f, 0x80...0x7ff, 0x800...0xd7ff, 0xe000...0xffff, 0x1_0000...0x10_ffff,
    ]

    /// The bytes of all characters of the set: one range for each byte of a character, sequences in ascending order.
    var byteSequences: [[ClosedRange<UInt8>]] {
        var sequences: [[ClosedRange<UInt8>]] = []
        for range in ranges {
            for part in Self.lengths where range.overlaps(part) {
                Self.split(range.clamped(to: part), into: &sequences)
            }
        }
        return sequences
    }

    /// Halves a range, whose characters take equally many bytes, until each byte may be chosen by itself.
    private static func split(_ range: ClosedRange<UInt32>, into sequences: inout [[ClosedRange<UInt8>]]) {
        let (low, high) = (range.lowerBound, range.upperBound)
        for shift in [6, 12, 18] as [UInt32] {
            let mask: UInt32 = 1 << shift - 1
            guard low & ~mask != high & ~mask else { break }
            if low & mask != 0 {
                split(low...(low | mask), into: &sequences)
                return split((low | mask) + 1...high, into: &sequences)
            }
            if high & mask != mask {
                split(low...(high & ~mask) - 1, into: &sequences)
                return split(high & ~mask...high, into: &sequences)
            }
        }
        sequences.append(zip(bytes(of: low), bytes(of: high)).map { $0...$1 })
    }

    static func bytes(of number: UInt32) -> [UInt8] {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | (number >> shift & 0x3f)) }
        switch number {
        case ..<0x80: return [UInt8(truncatingIfNeeded: number)]
        case ..<0x800: return [UInt8(truncatingIfNeeded: 0xc0 | number >> 6), tail(0)]
        case ..<0x1_0000: return [UInt8(truncatingIfNeeded: 0xe0 | number >> 12), tail(6), tail(0)]
        default: return [UInt8(truncatingIfNeeded: 0xf0 | number >> 18), tail(12), tail(6), tail(0)]
        }
    }
}
