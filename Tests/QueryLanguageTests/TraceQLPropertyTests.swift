import QueryLanguage
import TestSupport
import Testing
import TraceModel

@Suite struct TraceQLPropertyTests {
    /// Makes queries of every kind, with types that agree.
    struct Generator {
        var random: SeededGenerator

        mutating func pick<Element>(_ items: [Element]) -> Element { items[Int(random.next() % UInt64(items.count))] }
        mutating func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

        mutating func field() -> TraceQLQuery.Field {
            let field: TraceQLQuery.Field = .attribute(
                pick(TraceQLQuery.Scope.allCases),
                key: pick(["a", "b.c", "d e", "q\"\\", "x-y/z", "é", "span.a", "name", "1=2"]))
            return chance(10) ? .ofParent(chance(50) ? field : .intrinsic(.duration)) : field
        }

        mutating func number(_ depth: Int) -> TraceQLQuery.Expression {
            if depth > 0, chance(40) {
                return .arithmetic(number(depth - 1), pick(TraceQLQuery.Arithmetic.allCases), number(depth - 1))
            }
            if depth > 0, chance(15) { return .negative(number(depth - 1)) }
            switch random.next() % 5 {
            case 0: return .literal(.int(pick([0, 1, -1, 42, .max, .min])))
            case 1: return .literal(.double(pick([0.5, -2.0, 1e300, 1e-300, 123456.789])))
            case 2: return .literal(.duration(Int64(bitPattern: random.next()) >> Int64(random.next() % 63)))
            case 3: return .field(.intrinsic(pick([.duration, .childCount, .nestedSetLeft, .traceDuration])))
            default: return .field(field())
            }
        }

        mutating func text() -> TraceQLQuery.Expression {
            chance(50)
                ? .literal(.string(pick(["", "a", "q\"\\\n\t", "é中", "`", "\u{1}"])))
                : .field(
                    .intrinsic(pick([.name, .rootName, .statusMessage, .spanID, .eventName, .instrumentationName])))
        }

        mutating func condition(_ depth: Int) -> TraceQLQuery.Expression {
            if depth > 0 {
                switch random.next() % 6 {
                case 0: return .and(condition(depth - 1), condition(depth - 1))
                case 1: return .or(condition(depth - 1), condition(depth - 1))
                case 2: return .not(condition(depth - 1))
                default: break
                }
            }
            let comparison = pick(
                [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual] as [TraceQLQuery.Comparison])
            switch random.next() % 7 {
            case 0: return .comparison(text(), comparison, text())
            case 1:
                return .comparison(
                    .field(.attribute(.any, key: "a")), pick([.matches, .notMatches]), .literal(.string("a.*|b")))
            case 2:
                return .comparison(
                    .field(.intrinsic(.status)), .equal, .literal(.status(pick(TraceQLQuery.Status.allCases))))
            case 3:
                return .comparison(
                    .field(.intrinsic(.kind)), .notEqual, .literal(.kind(pick(TraceQLQuery.Kind.allCases))))
            case 4: return .comparison(.field(field()), .notEqual, .literal(.none))
            case 5: return .literal(.bool(chance(50)))
            default: return .comparison(number(depth), comparison, number(depth))
            }
        }

        mutating func scalar(_ depth: Int) -> TraceQLQuery.Scalar {
            if depth > 0, chance(40) {
                return .arithmetic(scalar(depth - 1), pick(TraceQLQuery.Arithmetic.allCases), scalar(depth - 1))
            }
            if depth > 0, chance(15) { return .negative(scalar(depth - 1)) }
            switch random.next() % 3 {
            case 0: return .count
            case 1: return .literal(.int(pick([3, -3])))
            default:
                return .aggregate(
                    pick(TraceQLQuery.Aggregate.allCases), .arithmetic(.field(.intrinsic(.duration)), .plus, number(1)))
            }
        }

        mutating func spansets(_ depth: Int) -> TraceQLQuery.Spansets {
            if depth > 0, chance(50) {
                return .combined(spansets(depth - 1), pick(TraceQLQuery.SpansetOperator.allCases), spansets(depth - 1))
            }
            if depth > 0, chance(20) {
                return .pipeline(
                    .init(stages: [.spansets(spansets(depth - 1)), .scalarFilter(scalar(1), .greater, .count)]))
            }
            return .filter(chance(20) ? nil : condition(depth))
        }

        mutating func query() -> TraceQLQuery {
            var stages: [TraceQLQuery.Stage] = [.spansets(spansets(3))]
            while chance(50) {
                switch random.next() % 5 {
                case 0: stages.append(.spansets(spansets(2)))
                case 1: stages.append(.scalarFilter(scalar(2), .lessOrEqual, scalar(2)))
                case 2: stages.append(.group(.field(field())))
                case 3: stages.append(.coalesce)
                default: stages.append(.select([field(), .intrinsic(.status), field()]))
                }
            }
            return TraceQLQuery(pipeline: .init(stages: stages))
        }
    }

    @Test(arguments: [1, 2, 3, UInt64.random(in: 4 ... .max)])
    func `what is printed is read as the same, and any query can be asked`(seed: UInt64) throws {
        var generator = Generator(random: SeededGenerator(seed: seed))
        let trace = TestSpan.trace([
            TestSpan(1) { $0.attributes = [("a", .int(1)), ("b.c", .string("x"))] },
            TestSpan(2, 1) { $0.attributes = [("a", .double(-1)), ("d e", .strings(["a"]))] }, TestSpan(3, 2),
        ])
        for _ in 0..<2000 {
            let query = generator.query()
            #expect(try TraceQLQuery(parsing: query.description) == query, "\(query), seed \(seed)")
            for spanset in TraceQLMatcher(query).match(trace) {
                #expect(!spanset.places.isEmpty && spanset.places == Set(spanset.places).sorted(), "seed \(seed)")
            }
        }
    }

    /// Conditions of three flags as plain functions.
    private indirect enum Naive {
        case flag(Int)
        case not(Naive)
        case and(Naive, Naive)
        case or(Naive, Naive)

        func holds(_ bits: Int) -> Bool {
            switch self {
            case .flag(let bit): bits >> bit & 1 == 1
            case .not(let a): !a.holds(bits)
            case .and(let a, let b): a.holds(bits) && b.holds(bits)
            case .or(let a, let b): a.holds(bits) || b.holds(bits)
            }
        }

        var text: String {
            switch self {
            case .flag(let bit): ["(.f0 = `1`)", ".f1", "(2 > .f2 && .f2 != 0)"][bit]
            case .not(let a): "!(\(a.text))"
            case .and(let a, let b): "(\(a.text) && \(b.text))"
            case .or(let a, let b): "(\(a.text) || \(b.text))"
            }
        }

        static func random(_ depth: Int, _ random: inout SeededGenerator) -> Naive {
            switch depth == 0 ? 0 : random.next() % 4 {
            case 1: .not(.random(depth - 1, &random))
            case 2: .and(.random(depth - 1, &random), .random(depth - 1, &random))
            case 3: .or(.random(depth - 1, &random), .random(depth - 1, &random))
            default: .flag(Int(random.next() % 3))
            }
        }
    }

    @Test(arguments: [1, UInt64.random(in: 2 ... .max)])
    func `conditions agree with plain logic`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var spans: [TestSpan] = []
        for bits in 0..<8 {
            let text = "\(bits & 1)"
            let flag = bits & 2 != 0
            let number: Int64 = bits & 4 != 0 ? 1 : 0
            spans.append(
                TestSpan(UInt64(bits) + 1) {
                    $0.attributes = [("f0", .string(text)), ("f1", .bool(flag)), ("f2", .int(number))]
                })
        }
        let trace = TestSpan.trace(spans)
        for _ in 0..<500 {
            let condition = Naive.random(5, &random)
            let expected = (0..<8).filter { condition.holds($0) }
            let found = TraceQLMatcher(try TraceQLQuery(parsing: "{ \(condition.text) }")).match(trace)
            #expect(found.first?.places ?? [] == expected, "\(condition.text), seed \(seed)")
        }
    }
}
