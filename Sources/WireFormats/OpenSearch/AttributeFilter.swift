internal import Bytes
internal import TraceModel

/// Which attributes of spans, events and resources are handed on otherwise than as they are.
public struct AttributeFilter: Sendable, Equatable {
    /// Keys of those that are left out.
    public var droppedKeys: [String]
    /// Keys of those whose values are replaced by a hash of 16 hex digits: equal ones stay equal.
    public var hashedKeys: [String]
    /// Of the hash, 16 bytes: with another key the hashes are others.
    public var hashKey: [UInt8]

    public init(droppedKeys: [String] = [], hashedKeys: [String] = [], hashKey: [UInt8] = []) {
        precondition(hashedKeys.isEmpty || hashKey.count == 16, "a key of 16 bytes for what is hashed")
        self.droppedKeys = droppedKeys
        self.hashedKeys = hashedKeys
        self.hashKey = hashKey
    }
}

/// What becomes of an attribute, by its key.
struct AttributeRules {
    struct Rule: OptionSet, BitwiseCopyable {
        let rawValue: UInt8
        static let dropped = Rule(rawValue: 1)
        static let hashed = Rule(rawValue: 2)
        /// It becomes a field of its own instead of an element of a list.
        static let elevated = Rule(rawValue: 4)
    }

    private var rules: [[UInt8]: Rule] = [:]
    private let elevatesAll: Bool
    private let hash: SipHash

    /// - Parameter elevatedKeys: nil for all.
    init(_ filter: AttributeFilter, elevatedKeys: [String]?) {
        hash = SipHash(key: filter.hashKey.isEmpty ? [UInt8](repeating: 0, count: 16) : filter.hashKey)
        elevatesAll = elevatedKeys == nil
        for key in elevatedKeys ?? [] { rules[Array(key.utf8), default: []].insert(.elevated) }
        for key in filter.hashedKeys { rules[Array(key.utf8), default: []].insert(.hashed) }
        for key in filter.droppedKeys { rules[Array(key.utf8), default: []].insert(.dropped) }
    }

    func rule(for key: UnsafeRawBufferPointer) -> Rule {
        let rule = rules.isEmpty ? [] : rules[Array(key)] ?? []
        return elevatesAll ? rule.union(.elevated) : rule
    }

    /// Of a field of a log, which is never a field of its own.
    func eventRule(for key: UnsafeRawBufferPointer) -> Rule { rule(for: key).subtracting(.elevated) }

    func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 { hash.hash(bytes) }
}
