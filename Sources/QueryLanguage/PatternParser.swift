/// What a pattern says.
indirect enum PatternNode: Equatable {
    case empty
    case characters(CharacterRanges)
    case assertion(Assertion)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    /// `max` nil: as often as one likes.
    case repeated(PatternNode, min: Int, max: Int?)

    /// About the place between two characters.
    enum Assertion: Equatable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary, never
    }
}

/// Reads RE2's syntax without classes of Unicode's properties.
struct PatternParser {
    private let text: [UInt8]
    private var offset = 0
    private var flags = Flags()
    private var depth = 0

    private static let depthMax = 100
    static let repeatMax = 1000

    private struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotTakesNewline = false
    }

    init(_ text: [UInt8]) { self.text = text }

    mutating func pattern() throws(PatternError) -> PatternNode {
        let node = try alternatives()
        if offset < text.count { throw error("a `)` without its `(`") }
        return node
    }

    private func error(_ message: String, at place: Int? = nil) -> PatternError {
        PatternError(message: message, offset: place ?? offset)
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        offset + distance < text.count ? text[offset + distance] : nil
    }

    private func comesNext(_ wanted: StaticString) -> Bool {
        wanted.withUTF8Buffer { text[offset...].starts(with: $0) }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: byte) else { return false }
        offset += 1
        return true
    }

    private mutating func alternatives() throws(PatternError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthMax { throw error("more than \(Self.depthMax) groups within each other") }
        var nodes = [try sequence()]
        while take("|") { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let byte = peek(), byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            if comesNext("\\Q") {
                takeQuoted(into: &nodes)
                if let last = nodes.popLast() { nodes.append(try repetitions(of: last)) }
                continue
            }
            let node = try atom()
            if let node { nodes.append(try repetitions(of: node)) }
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func takeQuoted(into nodes: inout [PatternNode]) {
        offset += 2
        while offset < text.count, !comesNext("\\E") { nodes.append(characters(takeCharacter())) }
        offset = min(offset + 2, text.count)
    }

    // MARK: Repetitions

    private mutating func repetitions(of node: PatternNode) throws(PatternError) -> PatternNode {
        var node = node
        var isRepeated = false
        while true {
            let place = offset
            var bounds: (min: Int, max: Int?)
            if take("*") {
                bounds = (0, nil)
            } else if take("+") {
                bounds = (1, nil)
            } else if take("?") {
                bounds = (0, 1)
            } else if let counted = try takeCounts() {
                bounds = counted
            } else {
                return node
            }
            // Lazy or not: the same texts match.
            _ = take("?")
            if isRepeated { throw error("a repetition of a repetition", at: place) }
            isRepeated = true
            node = .repeated(node, min: bounds.min, max: bounds.max)
        }
    }

    /// `{2}`, `{2,}` or `{2,5}`; anything else in braces stands for itself.
    private mutating func takeCounts() throws(PatternError) -> (min: Int, max: Int?)? {
        let start = offset
        guard take("{") else { return nil }
        guard let least = takeCount() else {
            offset = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = takeCount() }
        guard take("}") else {
            offset = start
            return nil
        }
        guard max(least, most ?? 0) <= Self.repeatMax, least <= most ?? least else {
            throw error("counts are at most \(Self.repeatMax), and the first is the smaller one", at: start)
        }
        return (least, most)
    }

    private mutating func takeCount() -> Int? {
        var count: Int?
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            count = min((count ?? 0) * 10 + Int(byte - UInt8(ascii: "0")), Self.repeatMax + 1)
            offset += 1
        }
        return count
    }

    // MARK: Atoms

    /// nil for what only changes flags.
    private mutating func atom() throws(PatternError) -> PatternNode? {
        let place = offset
        switch peek() {
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): throw error("nothing that could be repeated")
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "["): return .characters(try bracketClass())
        case UInt8(ascii: "."):
            offset += 1
            return .characters(flags.dotTakesNewline ? .any : CharacterRanges.newline.inverted)
        case UInt8(ascii: "^"):
            offset += 1
            return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case UInt8(ascii: "$"):
            offset += 1
            return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case UInt8(ascii: "\\"):
            offset += 1
            switch peek() {
            case UInt8(ascii: "A"): return assertion(.textStart)
            case UInt8(ascii: "z"): return assertion(.textEnd)
            case UInt8(ascii: "b"): return assertion(.wordBoundary)
            case UInt8(ascii: "B"): return assertion(.noWordBoundary)
            default: break
            }
            if let ranges = takeClassLetter() { return .characters(ranges) }
            return characters(try escape(from: place))
        default: return characters(takeCharacter())
        }
    }

    private mutating func assertion(_ assertion: PatternNode.Assertion) -> PatternNode {
        offset += 1
        return .assertion(assertion)
    }

    private func characters(_ number: UInt32) -> PatternNode {
        var ranges = CharacterRanges()
        ranges.insert(number...number)
        return .characters(flags.ignoresCase ? ranges.folded : ranges)
    }

    private mutating func group() throws(PatternError) -> PatternNode? {
        let start = offset
        offset += 1
        let outer = flags
        if take("?") {
            if comesNext("P<") || comesNext("<") {
                _ = take("P")
                offset += 1
                let name = offset + 1
                while let byte = peek(),
                    byte == UInt8(ascii: "_") || Character(Unicode.Scalar(byte)).isLetter
                        || Character(Unicode.Scalar(byte)).isNumber
                {
                    offset += 1
                }
                guard offset >= name, take(">") else { throw error("a group is named as in (?P<name>...)", at: start) }
            } else if try takeFlags(from: start) {
                return nil  // They hold to the end of the group around them.
            }
        }
        let node = try alternatives()
        flags = outer
        guard take(")") else { throw error("this group is never closed", at: start) }
        return node
    }

    /// `i`, `m`, `s`, `U`, and after `-` those to be cleared.
    /// - Returns: true if there is no group, but only flags.
    private mutating func takeFlags(from start: Int) throws(PatternError) -> Bool {
        var value = true
        while let byte = peek() {
            offset += 1
            switch byte {
            case UInt8(ascii: "i"): flags.ignoresCase = value
            case UInt8(ascii: "m"): flags.isMultiline = value
            case UInt8(ascii: "s"): flags.dotTakesNewline = value
            case UInt8(ascii: "U"): break  // Which of several matches is preferred does not matter here.
            case UInt8(ascii: "-"): value = false
            case UInt8(ascii: ":"): return false
            case UInt8(ascii: ")"): return true
            default: throw error("no such group: patterns have (...), (?:...), (?i)", at: start)
            }
        }
        throw error("this group is never closed", at: start)
    }

    // MARK: Characters and classes

    /// The next character's number; a byte that is not UTF-8 stands for itself.
    private mutating func takeCharacter() -> UInt32 {
        let first = UInt32(text[offset])
        let count = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
        guard count > 1, offset + count <= text.count else {
            offset += 1
            return first
        }
        var number = first & (0x7f >> UInt32(count))
        for place in offset + 1..<offset + count { number = number << 6 | UInt32(text[place]) & 0x3f }
        offset += count
        return min(number, CharacterRanges.numberMax)
    }

    /// `d`, `w`, `s` and their opposites, behind the backslash.
    private mutating func takeClassLetter() -> CharacterRanges? {
        let ranges: CharacterRanges
        switch peek() {
        case UInt8(ascii: "d"): ranges = .digits
        case UInt8(ascii: "D"): ranges = .digits.inverted
        case UInt8(ascii: "w"): ranges = .word
        case UInt8(ascii: "W"): ranges = .word.inverted
        case UInt8(ascii: "s"): ranges = .space
        case UInt8(ascii: "S"): ranges = .space.inverted
        default: return nil
        }
        offset += 1
        return ranges
    }

    /// The character that an escape stands for, behind the backslash.
    private mutating func escape(from start: Int) throws(PatternError) -> UInt32 {
        guard let byte = peek() else { throw error("a backslash at the end", at: start) }
        switch byte {
        case UInt8(ascii: "a"): return escaped(0x07)
        case UInt8(ascii: "f"): return escaped(0x0c)
        case UInt8(ascii: "n"): return escaped(0x0a)
        case UInt8(ascii: "r"): return escaped(0x0d)
        case UInt8(ascii: "t"): return escaped(0x09)
        case UInt8(ascii: "v"): return escaped(0x0b)
        case UInt8(ascii: "x"):
            offset += 1
            return try hexEscape(from: start)
        case UInt8(ascii: "p"), UInt8(ascii: "P"):
            throw error("classes of Unicode's properties are not supported", at: start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            throw error("there is no escape `\\\(Character(Unicode.Scalar(byte)))`", at: start)
        default: return takeCharacter()
        }
    }

    private mutating func escaped(_ number: UInt32) -> UInt32 {
        offset += 1
        return number
    }

    private mutating func hexEscape(from start: Int) throws(PatternError) -> UInt32 {
        let isLong = take("{")
        var number: UInt32 = 0
        var count = 0
        while let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue,
            count < (isLong ? 8 : 2), number <= CharacterRanges.numberMax
        {
            number = number << 4 | UInt32(digit)
            count += 1
            offset += 1
        }
        guard isLong ? count > 0 && take("}") : count == 2, number <= CharacterRanges.numberMax else {
            throw error("a character's number is written `\\x1f` or `\\x{1f600}`", at: start)
        }
        return number
    }

    private mutating func bracketClass() throws(PatternError) -> CharacterRanges {
        let start = offset
        offset += 1
        let isInverted = take("^")
        var ranges = CharacterRanges()
        var isFirst = true
        while true {
            guard peek() != nil else { throw error("this class is never closed", at: start) }
            if !isFirst, take("]") { break }
            isFirst = false
            if comesNext("[:") {
                ranges = ranges.union(try namedClass())
                continue
            }
            let place = offset
            if take("\\") {
                if let letter = takeClassLetter() {
                    ranges = ranges.union(letter)
                    continue
                }
                offset = place
            }
            let low = try classCharacter()
            var high = low
            if peek() == UInt8(ascii: "-"), let next = peek(1), next != UInt8(ascii: "]") {
                offset += 1
                high = try classCharacter()
            }
            guard low <= high else { throw error("this range ends before it starts", at: place) }
            ranges.insert(low...high)
        }
        if flags.ignoresCase { ranges = ranges.folded }
        return isInverted ? ranges.inverted : ranges
    }

    private mutating func classCharacter() throws(PatternError) -> UInt32 {
        let place = offset
        if take("\\") { return try escape(from: place) }
        guard peek() != nil else { throw error("this class is never closed") }
        return takeCharacter()
    }

    private mutating func namedClass() throws(PatternError) -> CharacterRanges {
        let start = offset
        offset += 2
        let isInverted = take("^")
        let nameStart = offset
        while let byte = peek(), byte != UInt8(ascii: ":"), byte != UInt8(ascii: "]") { offset += 1 }
        let name = String(decoding: text[nameStart..<offset], as: UTF8.self)
        guard take(":"), take("]"), let ranges = CharacterRanges.named[name] else {
            throw error("there is no such class", at: start)
        }
        return isInverted ? ranges.inverted : ranges
    }
}
