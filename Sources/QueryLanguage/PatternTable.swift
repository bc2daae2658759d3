/// A program as a table: for each state and byte the next state. Never changed once made.
struct PatternTable {
    /// For each byte its column: bytes that no step tells apart share one.
    private let columns: [UInt8]
    private let columnCount: Int
    /// A row of states for each state; the first state is the start, `dead` leads nowhere.
    private let nextStates: [UInt16]
    /// Whether a text may end there.
    private let isFinal: [Bool]
    private let dead: UInt16

    private static let stateCountMax = 512
    /// Visits of steps while the table is made.
    private static let workMax = 1 << 21

    private struct State: Hashable {
        var steps: [Int]
        var context: PatternProgram.Context
    }

    /// nil if the table would be too large.
    init?(_ program: PatternProgram) {
        let columns = Self.columns(of: program)
        let columnCount = Int(columns.max() ?? 0) + 1
        var firstByte = [UInt8](repeating: 0, count: columnCount)
        for byte in stride(from: 255, through: 0, by: -1) { firstByte[Int(columns[byte])] = UInt8(byte) }
        var numbers: [State: UInt16] = [:]
        var states: [State] = []
        var nextStates: [UInt16] = []
        var isFinal: [Bool] = []
        var set = StepSet(stepCount: program.steps.count)
        var work = 0

        func number(of set: inout StepSet, _ context: PatternProgram.Context) -> UInt16? {
            set.close(program, at: nil)
            work += set.members.count
            let steps = set.members.filter { if case .either = program.steps[$0] { false } else { true } }.sorted()
            let state = State(steps: steps, context: program.hasAssertions ? context : .init(isTextStart: false))
            if let known = numbers[state] { return known }
            guard states.count < Self.stateCountMax, work < Self.workMax else { return nil }
            let new = UInt16(states.count)
            numbers[state] = new
            states.append(state)
            return new
        }

        set.insert(program.start)
        guard number(of: &set, .start) != nil else { return nil }
        var index = 0
        while index < states.count {
            let state = states[index]
            set.removeAll()
            for step in state.steps { set.insert(step) }
            set.close(program, at: (state.context, nil))
            isFinal.append(set.members.contains(0))
            for column in 0..<columnCount {
                let byte = firstByte[column]
                var source = set
                if program.hasAssertions {
                    source.removeAll()
                    for step in state.steps { source.insert(step) }
                    source.close(program, at: (state.context, byte))
                }
                var target = StepSet(stepCount: program.steps.count)
                for step in source.members {
                    work += 1
                    if case .bytes(let range, let next) = program.steps[step], range.contains(byte) {
                        target.insert(next)
                    }
                }
                guard let next = number(of: &target, .init(after: byte)) else { return nil }
                nextStates.append(next)
            }
            index += 1
        }
        self.columns = columns
        self.columnCount = columnCount
        self.nextStates = nextStates
        self.isFinal = isFinal
        dead = states.firstIndex { $0.steps.isEmpty }.map { UInt16($0) } ?? .max
    }

    private static func columns(of program: PatternProgram) -> [UInt8] {
        var isBoundary = [Bool](repeating: false, count: 257)
        for case .bytes(let range, _) in program.steps {
            isBoundary[Int(range.lowerBound)] = true
            isBoundary[Int(range.upperBound) + 1] = true
        }
        if program.hasAssertions {
            for byte in 1..<256 {
                let (a, b) = (UInt8(byte - 1), UInt8(byte))
                let newline = UInt8(ascii: "\n")
                if PatternProgram.isWordByte(a) != PatternProgram.isWordByte(b) || a == newline || b == newline {
                    isBoundary[byte] = true
                }
            }
        }
        var column: UInt8 = 0
        return (0..<256).map { byte in
            if byte > 0 && isBoundary[byte] { column += 1 }
            return column
        }
    }

    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        var state: UInt16 = 0
        for byte in text {
            state = nextStates[Int(state) &* columnCount &+ Int(columns[Int(byte)])]
            if state == dead { return false }
        }
        return isFinal[Int(state)]
    }
}
