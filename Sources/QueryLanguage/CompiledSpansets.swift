/// Which spans of a spanset a query is about, prepared for many traces.
indirect enum CompiledSpansets: Sendable {
    case all
    case filter(Condition)
    case combined(CompiledSpansets, TraceQLQuery.SpansetOperator, CompiledSpansets)
    case pipeline(CompiledPipeline)

    init(_ spansets: TraceQLQuery.Spansets) {
        switch spansets {
        case .filter(nil): self = .all
        case .filter(let expression?): self = .filter(Condition(expression))
        case .combined(let left, let sign, let right):
            self = .combined(CompiledSpansets(left), sign, CompiledSpansets(right))
        case .pipeline(let pipeline): self = .pipeline(CompiledPipeline(pipeline))
        }
    }

    /// Those of `places` that it is about, in the same order.
    func places(_ places: [Int], _ facts: TraceFacts) -> [Int] {
        switch self {
        case .all: return places
        case .filter(let condition): return places.filter { condition.holds($0, facts) }
        case .pipeline(let pipeline):
            let spansets = pipeline.run([Spanset(places: places)], facts)
            if spansets.count <= 1 { return spansets.first?.places ?? [] }
            var mask = Mask(count: facts.spans.count)
            for spanset in spansets { mask.insert(spanset.places) }
            return mask.places
        case .combined(let left, let sign, let right):
            let left = left.places(places, facts)
            if sign == .and && left.isEmpty { return [] }
            let right = right.places(places, facts)
            return Relation(sign, left, right, facts).places
        }
    }
}

/// Places of a trace, as a flag for each.
private struct Mask {
    private(set) var flags: [Bool]

    init(count: Int) { flags = Array(repeating: false, count: count) }

    init(_ places: [Int], count: Int) {
        self.init(count: count)
        insert(places)
    }

    mutating func insert(_ places: [Int]) { for place in places { flags[place] = true } }

    subscript(place: Int) -> Bool {
        get { flags[place] }
        set { flags[place] = newValue }
    }

    var places: [Int] { flags.indices.filter { flags[$0] } }
}

/// What an operator makes of the spans on both sides of it, in time that grows with the trace's spans.
private struct Relation {
    private(set) var places: [Int]

    init(
        _ sign: TraceQLQuery.SpansetOperator, _ left: [Int], _ right: [Int], _ facts: TraceFacts
    ) {
        let count = facts.spans.count
        switch sign {
        case .and, .or:
            if sign == .and && (left.isEmpty || right.isEmpty) {
                places = []
            } else if left.count == count || right.isEmpty {
                places = left
            } else if right.count == count || left.isEmpty {
                places = right
            } else {
                var mask = Mask(left, count: count)
                mask.insert(right)
                places = mask.places
            }
        case .child, .descendant, .parent, .ancestor, .sibling:
            let related = Self.related(sign, to: left, facts)
            places = right.filter { related[$0] }
        case .notChild, .notDescendant, .notParent, .notAncestor, .notSibling:
            let related = Self.related(Self.plain(sign), to: left, facts)
            places = right.filter { !related[$0] }
        case .unionChild, .unionDescendant, .unionParent, .unionAncestor, .unionSibling:
            let plain = Self.plain(sign)
            let onRight = Self.related(plain, to: left, facts)
            let onLeft = Self.related(Self.reversed(plain), to: right, facts)
            var mask = Mask(right.filter { onRight[$0] }, count: count)
            mask.insert(left.filter { onLeft[$0] })
            places = mask.places
        }
    }

    /// Without the `!` or `&` before it.
    private static func plain(_ sign: TraceQLQuery.SpansetOperator) -> TraceQLQuery.SpansetOperator {
        switch sign {
        case .notChild, .unionChild: .child
        case .notDescendant, .unionDescendant: .descendant
        case .notParent, .unionParent: .parent
        case .notAncestor, .unionAncestor: .ancestor
        case .notSibling, .unionSibling: .sibling
        case .and, .or, .child, .descendant, .parent, .ancestor, .sibling: sign
        }
    }

    private static func reversed(_ sign: TraceQLQuery.SpansetOperator) -> TraceQLQuery.SpansetOperator {
        switch sign {
        case .child: .parent
        case .parent: .child
        case .descendant: .ancestor
        case .ancestor: .descendant
        default: sign
        }
    }

    /// All spans of the trace that are a child, and so on, of any of `places`.
    private static func related(
        _ sign: TraceQLQuery.SpansetOperator, to places: [Int], _ facts: TraceFacts
    ) -> Mask {
        let forest = facts.forest
        let given = Mask(places, count: facts.spans.count)
        var related = Mask(count: facts.spans.count)
        switch sign {
        case .child, .descendant:
            for place in forest.order {
                let parent = forest.parents[place]
                guard parent != SpanForest.none else { continue }
                related[place] = given[parent] || sign == .descendant && related[parent]
            }
        case .parent, .ancestor:
            for place in forest.order.reversed() {
                let parent = forest.parents[place]
                guard parent != SpanForest.none else { continue }
                if given[place] || sign == .ancestor && related[place] { related[parent] = true }
            }
        default:
            // Members of each family among those given: a span is no sibling of itself.
            var counts: [Int: Int] = [:]
            for place in places where forest.families[place] != SpanForest.none {
                counts[forest.families[place], default: 0] += 1
            }
            for place in forest.families.indices where forest.families[place] != SpanForest.none {
                related[place] = counts[forest.families[place], default: 0] > (given[place] ? 1 : 0)
            }
        }
        return related
    }
}
