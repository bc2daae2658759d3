internal import TraceModel

/// Chooses how a column is kept from how the inputs of a merge keep it.
struct ColumnPlanMerger {
    /// A shape of an input that becomes the shape at hand.
    struct Member {
        var input: Int
        var shape: Int
        /// For each column of the new shape the input's.
        var columns: [Int32]
    }

    let dictionaries: [SegmentDictionary]
    let stringNumbers: [[UInt32]]
    /// What columns have outside the dictionaries that are to be lists in spite of it.
    let lists: [LiteralCensus.Place: Set<UInt32>]
    /// Plans must not tell of values that are no longer there.
    let isPrivate: Bool
    /// Of a new number.
    let string: (UInt32) -> UnsafeRawBufferPointer

    func plan(_ number: Int, _ shape: SegmentAssembly.Shape, _ members: [Member], _ samples: [[Int64]]) -> ShapePlan {
        var plan = ShapePlan(columns: [])
        func slot(_ index: Int) -> [Int64] { index < samples.count ? samples[index] : [] }
        if shape.hasStart {
            // Parts of a trace that come together are new neighbours, so that any distance may occur.
            let plans = members.compactMap { dictionaries[$0.input].schema.startPlan($0.shape) }
            plan.startDelta = numberPlan(plans, slot(0), listed: nil)
        }
        if shape.hasDuration {
            let own = members.compactMap { member in
                dictionaries[member.input].schema.durationPlan(member.shape).map { (member.input, $0) }
            }
            plan.duration = numberPlan(own.map(\.1), slot(1), listed: listedNumbers(own))
        }
        for (index, column) in shape.columns.enumerated() {
            let own = members.map { member in
                let schema = dictionaries[member.input].schema
                return (member.input, schema.resolvedPlan(member.shape, Int(member.columns[index])).plan)
            }
            switch column.type {
            case .none: plan.columns.append(ColumnPlan(coding: .nothing))
            case .bool: plan.columns.append(ColumnPlan(coding: .bool))
            case .int where column.role == .event:
                plan.columns.append(eventTimePlan(shape, own, slot(index + 2), durations: slot(1)))
            case .int:
                plan.columns.append(numberPlan(own.map(\.1), slot(index + 2), listed: listedNumbers(own)))
            case .double:
                plan.columns.append(listedNumbers(own).flatMap(listPlan) ?? ColumnPlan(coding: .double))
            case .string, .bytes, .array, .map:
                plan.columns.append(
                    twinPlan(index, plan.columns, members)
                        ?? stringPlan(own, lists[.init(shape: number, column: index)]))
            }
        }
        return plan
    }

    // MARK: Numbers

    /// All numbers that occur, if every input says so; few.
    private func listedNumbers(_ own: [(input: Int, plan: StoredPlan)]) -> Set<Int64>? {
        var numbers: Set<Int64> = []
        for (input, plan) in own {
            switch plan.coding {
            case .constantNumber: numbers.insert(plan.number.base)
            case .numberDictionary where !isPrivate:
                numbers.formUnion(dictionaries[input].schema.numberList(plan))
            default: return nil
            }
            if numbers.count > 64 { return nil }
        }
        return numbers.isEmpty ? nil : numbers
    }

    private func listPlan(_ numbers: Set<Int64>) -> ColumnPlan? {
        if numbers.count == 1, let only = numbers.first {
            var plan = ColumnPlan(coding: .constantNumber)
            plan.number.base = only
            return plan
        }
        var plan = ColumnPlan(coding: .numberDictionary)
        plan.numberList = numbers.sorted()
        plan.width = ColumnPlan.width(ofListCount: numbers.count)
        return plan
    }

    private func numberPlan(_ plans: [StoredPlan], _ sample: [Int64], listed: Set<Int64>?) -> ColumnPlan {
        if let listed, let plan = listPlan(listed) { return plan }
        var plan = ColumnPlan(coding: .number)
        if !sample.isEmpty {
            plan.number = sample.withUnsafeBufferPointer { .best(for: $0) }
            // A sample of equal numbers says that others are rare, not that there are none.
            plan.number.width = max(plan.number.width, 1)
        } else if let known = plans.first(where: { $0.coding == .number }), !isPrivate {
            plan.number = known.number
        } else {
            plan.number = NumberCoding(base: 0, unit: 1, width: 24)
        }
        return plan
    }

    /// Event times are counted from the span's start or end, whichever is nearer.
    private func eventTimePlan(
        _ shape: SegmentAssembly.Shape, _ own: [(input: Int, plan: StoredPlan)], _ sample: [Int64],
        durations: [Int64]
    ) -> ColumnPlan {
        let plans = own.map(\.plan)
        let isSameReference = plans.allSatisfy { $0.reference == plans[0].reference }
        if isSameReference, let listed = listedNumbers(own), var plan = listPlan(listed) {
            plan.reference = plans[0].reference
            return plan
        }
        var best = numberPlan(isSameReference ? plans : [], sample, listed: nil)
        best.reference = shape.hasStart ? .spanStart : .none
        guard shape.hasStart, shape.hasDuration, durations.count == sample.count else { return best }
        var other = numberPlan([], zip(sample, durations).map { $0 &- $1 }, listed: nil)
        other.reference = .spanEnd
        return other.fixedBitCount < best.fixedBitCount ? other : best
    }

    // MARK: Strings

    /// The same as an earlier column, if it is so in every input.
    private func twinPlan(_ index: Int, _ before: [ColumnPlan], _ members: [Member]) -> ColumnPlan? {
        var twin: Int?
        for member in members {
            let plan = dictionaries[member.input].schema.plan(member.shape, Int(member.columns[index]))
            guard plan.coding == .sameAs,
                let place = member.columns.firstIndex(where: { $0 == Int32(plan.operand) }),
                place < index, twin == nil || twin == place
            else { return nil }
            twin = place
        }
        guard let twin, before[twin].coding != .sameAs else { return nil }
        var plan = ColumnPlan(coding: .sameAs)
        plan.operand = UInt32(twin)
        return plan
    }

    /// - Parameter more: all values outside the dictionaries, if they are to be a list.
    private func stringPlan(_ own: [(input: Int, plan: StoredPlan)], _ more: Set<UInt32>?) -> ColumnPlan {
        var listed = more ?? []
        var literals: [StoredPlan] = []
        for (input, plan) in own {
            switch plan.coding {
            case .constant:
                listed.insert(stringNumbers[input][Int(plan.operand)])
            case .dictionary:
                for number in dictionaries[input].schema.list(plan) {
                    let new = stringNumbers[input][Int(number)]
                    // 0 stands for the empty string, and for those that are not used.
                    if new != 0 || number == 0 { listed.insert(new) }
                }
            default:
                if more == nil { literals.append(plan) }
            }
        }
        guard let first = literals.first else {
            var plan = ColumnPlan(coding: listed.count == 1 ? .constant : .dictionary)
            plan.list = listed.sorted()
            plan.width = ColumnPlan.width(ofListCount: listed.count)
            if listed.count == 1 {
                plan.operand = plan.list[0]
                plan.list = []
            }
            return plan
        }
        var plan = ColumnPlan(coding: .text)
        plan.marksRepeats = literals.contains { $0.marksRepeats }
        if literals.allSatisfy({ $0.coding == first.coding && $0.operand == first.operand }),
            listed.allSatisfy({ fits(string($0), first) })
        {
            plan.coding = first.coding
            plan.operand = first.operand
        }
        if plan.coding == .text || plan.coding == .decimal {
            plan.number =
                literals.first { $0.coding == plan.coding }?.number ?? NumberCoding(base: 0, unit: 1, width: 8)
            if isPrivate { plan.number = NumberCoding(base: 0, unit: 1, width: plan.number.width) }
        }
        return plan
    }

    /// Whether a string can be kept as the plan keeps its own.
    private func fits(_ text: UnsafeRawBufferPointer, _ plan: StoredPlan) -> Bool {
        switch plan.coding {
        case .uuid: LiteralText.isUUID(text)
        case .hex: text.count == Int(plan.operand) && LiteralText.isHex(text)
        case .decimal: LiteralText.decimal(text) != nil
        default: true
        }
    }
}
