/// A pattern as steps, each of which takes a byte, decides, or ends.
struct PatternProgram {
    enum Step: Equatable {
        case bytes(ClosedRange<UInt8>, next: Int)
        case either(Int, Int)
        case assertion(PatternNode.Assertion, next: Int)
        case match
    }

    private(set) var steps: [Step] = [.match]
    private(set) var start = 0
    private(set) var hasAssertions = false
    private var visitCount = 0

    /// Bounds the memory of a program, and the time that each byte of a text may take.
    static let stepCountMax = 4096
    private static let visitCountMax = 1 << 16

    init(_ node: PatternNode) throws(PatternError) {
        start = try add(node, before: 0)
    }

    private mutating func add(_ step: Step) throws(PatternError) -> Int {
        guard steps.count < Self.stepCountMax else { throw Self.tooLarge }
        steps.append(step)
        return steps.count - 1
    }

    private static let tooLarge = PatternError(message: "the pattern is too large", offset: 0)

    /// - Returns: where the node starts, which goes on at `next`.
    private mutating func add(_ node: PatternNode, before next: Int) throws(PatternError) -> Int {
        visitCount += 1
        if visitCount > Self.visitCountMax { throw Self.tooLarge }
        switch node {
        case .empty: return next
        case .characters(let ranges): return try add(ranges, before: next)
        case .assertion(let assertion):
            hasAssertions = true
            return try add(.assertion(assertion, next: next))
        case .sequence(let nodes):
            var place = next
            for node in nodes.reversed() { place = try add(node, before: place) }
            return place
        case .alternatives(let nodes):
            var place: Int?
            for node in nodes.reversed() {
                let start = try add(node, before: next)
                if let later = place { place = try add(.either(start, later)) } else { place = start }
            }
            return place ?? next
        case .repeated(let node, let min, let max):
            var place = next
            if let max {
                for _ in min..<max {
                    place = try add(.either(try add(node, before: place), next))
                }
            } else {
                place = try add(.either(next, next))
                steps[place] = .either(try add(node, before: place), next)
            }
            for _ in 0..<min { place = try add(node, before: place) }
            return place
        }
    }

    private struct Tail: Hashable {
        let range: ClosedRange<UInt8>
        let next: Int
    }

    private mutating func add(_ ranges: CharacterRanges, before next: Int) throws(PatternError) -> Int {
        var tails: [Tail: Int] = [:]
        var whole: Int?
        for sequence in ranges.byteSequences.reversed() {
            var place = next
            for range in sequence.reversed() {
                let tail = Tail(range: range, next: place)
                if let known = tails[tail] {
                    place = known
                } else {
                    place = try add(.bytes(range, next: place))
                    tails[tail] = place
                }
            }
            if let later = whole { whole = try add(.either(place, later)) } else { whole = place }
        }
        // An empty class: no byte leads on.
        if let whole { return whole }
        return try add(.assertion(.never, next: next))
    }

    // MARK: Places between bytes

    /// What assertions look at.
    struct Context: Hashable {
        var isTextStart = false
        var isAfterNewline = false
        var isAfterWord = false

        static let start = Context(isTextStart: true)

        /// After a byte.
        init(after byte: UInt8) {
            isAfterNewline = byte == UInt8(ascii: "\n")
            isAfterWord = isWordByte(byte)
        }

        init(isTextStart: Bool) { self.isTextStart = isTextStart }
    }

    /// - Parameter next: nil at the end of the text.
    static func holds(_ assertion: PatternNode.Assertion, _ context: Context, next: UInt8?) -> Bool {
        switch assertion {
        case .textStart: context.isTextStart
        case .textEnd: next == nil
        case .lineStart: context.isTextStart || context.isAfterNewline
        case .lineEnd: next == nil || next == UInt8(ascii: "\n")
        case .wordBoundary: context.isAfterWord != (next.map(isWordByte) ?? false)
        case .noWordBoundary: context.isAfterWord == (next.map(isWordByte) ?? false)
        case .never: false
        }
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// A set of steps, which keeps the order of their coming.
struct StepSet {
    private(set) var members: [Int] = []
    private var isMember: [Bool]

    init(stepCount: Int) { isMember = Array(repeating: false, count: stepCount) }

    mutating func removeAll() {
        for member in members { isMember[member] = false }
        members.removeAll(keepingCapacity: true)
    }

    mutating func insert(_ step: Int) {
        guard !isMember[step] else { return }
        isMember[step] = true
        members.append(step)
    }

    /// Adds all steps that the members lead to without taking a byte.
    /// - Parameter place: nil: assertions are left as they are.
    mutating func close(
        _ program: PatternProgram, at place: (context: PatternProgram.Context, next: UInt8?)?
    ) {
        var index = 0
        while index < members.count {
            switch program.steps[members[index]] {
            case .either(let a, let b):
                insert(a)
                insert(b)
            case .assertion(let assertion, let next):
                if let place, PatternProgram.holds(assertion, place.context, next: place.next) { insert(next) }
            case .bytes, .match: break
            }
            index += 1
        }
    }
}
