public import TraceModel

/// What spans are sought: what a scan of segments needs to know of a query.
///
/// A scan finds every trace that can match, and some that do not: who asks checks the whole trace.
public struct SpanFilter: Sendable {
    /// What one span has to meet.
    public indirect enum Condition: Sendable {
        case all([Condition])
        case any([Condition])
        case clause(Clause)

        public static let anything = Condition.all([])
    }

    public enum Clause: Sendable {
        case service(TextTest)
        case operation(TextTest)
        /// Kind, status, and whatever else does not differ between the spans of a shape.
        case traits(@Sendable (SpanTraits) -> Bool)
        case remoteService([UInt8])
        /// Nanoseconds, inclusive.
        case duration(ClosedRange<Int64>)
        /// The span has an attribute with the key, or an event with the name.
        case keyOrEvent([UInt8])
        case attribute(AttributeTest)
        /// The span itself has no attribute with any of these keys.
        case lacks([[UInt8]])
        /// An attribute of the span, its resource, scope, links or events, or a fact that Jaeger shows as one.
        case anywhere(AttributeTest)
    }

    public enum TextTest: Sendable {
        case equals([UInt8])
        case meets(@Sendable (UnsafeRawBufferPointer) -> Bool)
    }

    /// What the value of an attribute has to be.
    public struct AttributeTest: Sendable {
        public enum Owner: Sendable {
            case span
            case resource
            case scope
        }

        public var owner: Owner
        public var key: [UInt8]
        /// Of the values that are texts only this one will do: it is looked up rather than compared.
        public var text: [UInt8]?
        public var meets: @Sendable (SpanValue) -> Bool

        public init(
            _ owner: Owner, key: [UInt8], text: [UInt8]? = nil, meets: @escaping @Sendable (SpanValue) -> Bool
        ) {
            self.owner = owner
            self.key = key
            self.text = text
            self.meets = meets
        }
    }

    /// Which spansets a trace needs: numbers of `spansets`.
    public indirect enum Combination: Sendable {
        case spanset(Int)
        case all([Combination])
        case any([Combination])

        /// - Parameter mask: a bit for each spanset that the trace has.
        public func holds(_ mask: UInt64) -> Bool {
            switch self {
            case .spanset(let number): mask & 1 << UInt64(number) != 0
            case .all(let parts): parts.allSatisfy { $0.holds(mask) }
            case .any(let parts): parts.contains { $0.holds(mask) }
            }
        }
    }

    /// Spansets at most: each has a bit in a mask.
    public static let spansetCountMax = 63

    /// Each of these is met by some span of the trace, as far as the combination asks for it.
    public let spansets: [Condition]
    public let combination: Combination

    public init(spansets: [Condition], combination: Combination) {
        precondition((1...Self.spansetCountMax).contains(spansets.count), "a filter has a bounded number of spansets")
        self.spansets = spansets
        self.combination = combination
    }

    /// For each condition a span that meets it, not always the same one. There may be more conditions than a filter
    /// can have: then it finds traces that lack the last ones.
    public init(spansForAll conditions: [Condition]) {
        let spansets = Array(conditions.prefix(Self.spansetCountMax))
        self.init(spansets: spansets, combination: .all(spansets.indices.map { .spanset($0) }))
    }

    /// A service that every trace sought has spans of; nil where that cannot be told.
    public var serviceName: [UInt8]? {
        func name(_ combination: Combination) -> [UInt8]? {
            switch combination {
            case .spanset(let number): return spansets[number].serviceName
            case .all(let parts): return parts.lazy.compactMap(name).first
            case .any: return nil
            }
        }
        return name(combination)
    }
}

extension SpanFilter.Condition {
    /// The service that a span has to be of; nil where there are several or none.
    fileprivate var serviceName: [UInt8]? {
        switch self {
        case .clause(.service(.equals(let name))): name
        case .all(let parts): parts.lazy.compactMap(\.serviceName).first
        default: nil
        }
    }

    /// What is left to test of spans of which service, operation and traits are known.
    public func reduced(
        serviceName: UnsafeRawBufferPointer, operationName: UnsafeRawBufferPointer, traits: SpanTraits
    ) -> ReducedCondition {
        switch self {
        case .all(let parts):
            var left: [SpanFilter.Condition] = []
            for part in parts {
                switch part.reduced(serviceName: serviceName, operationName: operationName, traits: traits) {
                case .never: return .never
                case .always: continue
                case .some(let rest): left.append(rest)
                }
            }
            return left.isEmpty ? .always : .some(left.count == 1 ? left[0] : .all(left))
        case .any(let parts):
            var left: [SpanFilter.Condition] = []
            for part in parts {
                switch part.reduced(serviceName: serviceName, operationName: operationName, traits: traits) {
                case .never: continue
                case .always: return .always
                case .some(let rest): left.append(rest)
                }
            }
            return left.isEmpty ? .never : .some(left.count == 1 ? left[0] : .any(left))
        case .clause(.service(let test)): return test.meets(serviceName) ? .always : .never
        case .clause(.operation(let test)): return test.meets(operationName) ? .always : .never
        case .clause(.traits(let meets)): return meets(traits) ? .always : .never
        case .clause: return .some(self)
        }
    }

    public enum ReducedCondition: Sendable {
        case never
        case always
        case some(SpanFilter.Condition)
    }
}

extension SpanFilter.TextTest {
    public func meets(_ text: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .equals(let wanted): text.elementsEqual(wanted)
        case .meets(let test): test(text)
        }
    }
}
