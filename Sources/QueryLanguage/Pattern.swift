/// A regular expression that matches whole texts, in time that grows with the text's length alone.
///
/// The syntax is RE2's, as that of Tempo, without classes of Unicode's properties (`\pL`) and octal escapes. Texts are
/// UTF-8; `\d`, `\w`, `\s` and `\b` know ASCII.
public struct Pattern: Sendable {
    /// Patterns that need no machine.
    enum Shape: Equatable {
        /// One of these texts.
        case literals([[UInt8]])
        /// This, then anything without a line feed.
        case prefix([UInt8])
        /// Anything without a line feed that has this in it; empty: `.*`.
        case contains([UInt8])
        /// Anything without a line feed, but something.
        case notEmpty
        case other
    }

    let shape: Shape
    /// What every text that matches starts with.
    private let prefix: [UInt8]
    private let program: PatternProgram
    private let table: PatternTable?

    /// - Throws: if the text is no pattern, or its program would be too large.
    public init(_ text: String) throws(PatternError) {
        var parser = PatternParser(Array(text.utf8))
        let node = try parser.pattern()
        shape = PatternShapes.shape(of: node)
        prefix = PatternShapes.prefix(of: node)
        program = try PatternProgram(node)
        table = shape == .other ? PatternTable(program) : nil
    }

    /// The texts that match, if the pattern lists them: `a|b`.
    public var literals: [String]? {
        guard case .literals(let texts) = shape else { return nil }
        return texts.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the whole text matches.
    public func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        switch shape {
        case .literals(let literals): return literals.contains { text.elementsEqual($0) }
        case .prefix(let prefix): return text.starts(with: prefix) && !hasNewline(text)
        case .contains(let part): return !hasNewline(text) && has(part, in: text)
        case .notEmpty: return !text.isEmpty && !hasNewline(text)
        case .other: return matchesSlowly(text)
        }
    }

    /// Without what the shape tells.
    func matchesSlowly(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.starts(with: prefix) else { return false }
        if let table { return table.matches(text) }
        return simulate(text)
    }

    /// Follows every way through the program at once.
    func simulate(_ text: UnsafeRawBufferPointer) -> Bool {
        var set = StepSet(stepCount: program.steps.count)
        var nextSet = StepSet(stepCount: program.steps.count)
        var context = PatternProgram.Context.start
        set.insert(program.start)
        for byte in text {
            set.close(program, at: (context, byte))
            for step in set.members {
                if case .bytes(let range, let next) = program.steps[step], range.contains(byte) {
                    nextSet.insert(next)
                }
            }
            if nextSet.members.isEmpty { return false }
            swap(&set, &nextSet)
            nextSet.removeAll()
            context = .init(after: byte)
        }
        set.close(program, at: (context, nil))
        return set.members.contains(0)
    }

    private func hasNewline(_ text: UnsafeRawBufferPointer) -> Bool { text.contains(UInt8(ascii: "\n")) }

    private func has(_ part: [UInt8], in text: UnsafeRawBufferPointer) -> Bool {
        guard let first = part.first else { return true }
        guard text.count >= part.count else { return false }
        for start in 0...text.count - part.count
        where text[start] == first && text[start..<start + part.count].elementsEqual(part) {
            return true
        }
        return false
    }
}

/// What can be told of a pattern without running it.
enum PatternShapes {
    private static let literalCountMax = 64

    static func shape(of node: PatternNode) -> Pattern.Shape {
        if let literals = literals(node) { return .literals(literals) }
        var nodes: [PatternNode] = [node]
        if case .sequence(let parts) = node { nodes = parts }
        // The whole text is matched anyway.
        while nodes.first == .assertion(.textStart) { nodes.removeFirst() }
        while nodes.last == .assertion(.textEnd) { nodes.removeLast() }
        if let literals = literals(.sequence(nodes)) { return .literals(literals) }
        let anything = PatternNode.repeated(.characters(CharacterRanges.newline.inverted), min: 0, max: nil)
        if nodes == [.repeated(.characters(CharacterRanges.newline.inverted), min: 1, max: nil)] { return .notEmpty }
        guard nodes.last == anything else { return .other }
        nodes.removeLast()
        let isFree = nodes.first == anything
        if isFree { nodes.removeFirst() }
        guard let literal = literals(.sequence(nodes)), literal.count == 1,
            !literal[0].contains(UInt8(ascii: "\n"))
        else { return nodes.isEmpty ? .contains([]) : .other }
        return isFree || literal[0].isEmpty ? .contains(literal[0]) : .prefix(literal[0])
    }

    /// The texts that match, if they are few.
    private static func literals(_ node: PatternNode) -> [[UInt8]]? {
        switch node {
        case .empty: return [[]]
        case .characters(let ranges):
            guard ranges.ranges.count == 1, ranges.ranges[0].count == 1 else { return nil }
            return [CharacterRanges.bytes(of: ranges.ranges[0].lowerBound)]
        case .sequence(let nodes):
            var texts: [[UInt8]] = [[]]
            for node in nodes {
                guard let next = literals(node), texts.count * next.count <= literalCountMax else { return nil }
                texts = texts.flatMap { text in next.map { text + $0 } }
            }
            return texts
        case .alternatives(let nodes):
            var texts: [[UInt8]] = []
            for node in nodes {
                guard let next = literals(node), texts.count + next.count <= literalCountMax else { return nil }
                texts += next
            }
            return texts
        case .assertion, .repeated: return nil
        }
    }

    static func prefix(of node: PatternNode) -> [UInt8] {
        switch node {
        case .characters:
            return literals(node)?.first ?? []
        case .sequence(let nodes):
            var prefix: [UInt8] = []
            for node in nodes where node != .assertion(.textStart) {
                guard case .characters = node, let next = literals(node)?.first else { break }
                prefix += next
            }
            return prefix
        case .empty, .assertion, .alternatives, .repeated: return []
        }
    }
}
