internal import TraceModel

/// Finds the attributes in which spans of one batch differ in a telling way.
///
/// Left out is what names this one request, machine or process, what is told elsewhere (status, version), sizes and
/// counts that are less than twice or half as large, and URLs and statements that differ in their numbers only.
struct AttributeChanges {
    struct Change: Hashable {
        var key: String
        /// nil: it has it not.
        var a: String?
        var b: String?
    }

    /// Of one pair of hops, by key.
    static let countMax = 16
    private static let valueByteCountMax = 256

    private enum KeyClass: UInt8 { case unknown, leftOut, ofRequest, plain }

    /// An attribute as it lies in the batch.
    private struct Entry {
        var key: UInt32
        var type: ValueType
        var word: UnsafePointer<UInt32>
    }

    private let batch: SpanBatch
    /// By the number of the key.
    private var classes: [KeyClass]
    private var changes: [Change] = []

    init(_ batch: SpanBatch) {
        self.batch = batch
        classes = Array(repeating: .unknown, count: batch.stringCount)
    }

    /// - Parameters:
    ///   - pairs: rows of spans that are the same side of the same call.
    ///   - isFirstEnough: whether one of the changes tells all that is to be known.
    mutating func changes(_ pairs: [(a: Int, b: Int)], isFirstEnough: Bool) -> [Change] {
        changes.removeAll(keepingCapacity: true)
        for pair in pairs where changes.isEmpty || !isFirstEnough { compare(pair.a, pair.b, isFirstEnough) }
        changes.sort { ($0.key, $0.a ?? "", $0.b ?? "") < ($1.key, $1.a ?? "", $1.b ?? "") }
        var told: [Change] = []
        for change in changes where told.count < Self.countMax && change != told.last { told.append(change) }
        return told
    }

    private mutating func compare(_ rowA: Int, _ rowB: Int, _ isFirstEnough: Bool) {
        let (entriesA, entriesB) = (entries(rowA), entries(rowB))
        var (placeA, placeB) = (0, 0)
        while placeA < entriesA.count || placeB < entriesB.count, changes.isEmpty || !isFirstEnough {
            let keyA = placeA < entriesA.count ? entriesA[placeA].key : .max
            let keyB = placeB < entriesB.count ? entriesB[placeB].key : .max
            if keyA == keyB {
                consider(keyA, entriesA[placeA], entriesB[placeB])
            } else if keyA < keyB {
                consider(keyA, entriesA[placeA], nil)
            } else {
                consider(keyB, nil, entriesB[placeB])
            }
            if keyA <= keyB { placeA += 1 }
            if keyB <= keyA { placeB += 1 }
        }
    }

    /// The attributes that may tell something, by the numbers of their keys.
    private mutating func entries(_ row: Int) -> [Entry] {
        var entries: [Entry] = []
        let shape = SpanView(batch: batch, row: row).shape
        var word = batch.values(ofRow: row)
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            if column.role == .attribute, keyClass(column.key) != .leftOut {
                entries.append(Entry(key: column.key, type: column.type, word: word))
            }
            word += column.type.wordCount
        }
        entries.sort { $0.key < $1.key }
        return entries
    }

    private mutating func keyClass(_ key: UInt32) -> KeyClass {
        if classes[Int(key)] != .unknown { return classes[Int(key)] }
        let bytes = batch.string(key)
        let role = CallOutcome.Role(bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        let isTold = role != nil && role != .path
        classes[Int(key)] =
            isTold || IdentityKeys.contains(text) ? .leftOut : IdentityKeys.isOfRequest(text) ? .ofRequest : .plain
        return classes[Int(key)]
    }

    private mutating func consider(_ key: UInt32, _ a: Entry?, _ b: Entry?) {
        if let a, let b, a.type == b.type, (0..<a.type.wordCount).allSatisfy({ a.word[$0] == b.word[$0] }) { return }
        let (textA, textB) = (a.flatMap(text), b.flatMap(text))
        guard textA != textB, isTelling(classes[Int(key)], textA, textB) else { return }
        changes.append(Change(key: String(decoding: batch.string(key), as: UTF8.self), a: textA, b: textB))
    }

    private func text(_ entry: Entry) -> String? {
        switch entry.type {
        case .string: String(decoding: batch.string(entry.word[0]).prefix(Self.valueByteCountMax), as: UTF8.self)
        case .bool: entry.word[0] != 0 ? "true" : "false"
        case .int: "\(Int64(bitPattern: SpanBatch.wide(entry.word)))"
        case .double: "\(Double(bitPattern: SpanBatch.wide(entry.word)))"
        case .bytes, .array, .map, .none: nil
        }
    }

    private func isTelling(_ keyClass: KeyClass, _ a: String?, _ b: String?) -> Bool {
        guard let a, let b else { return !IdentityKeys.isIdentity(value: a ?? b ?? "") }
        if IdentityKeys.isIdentity(value: a), IdentityKeys.isIdentity(value: b) { return false }
        if let first = Double(a), let second = Double(b) {
            let (less, more) = (min(abs(first), abs(second)), max(abs(first), abs(second)))
            return first.sign != second.sign || more >= 2 * less
        }
        return keyClass == .ofRequest ? Self.withoutNumbers(a) != Self.withoutNumbers(b) : true
    }

    /// Each run of digits as one sign, and without what a proxy appends to the host of a copy.
    private static func withoutNumbers(_ text: String) -> [UInt8] {
        var kept: [UInt8] = []
        for byte in text.replacing("-shadow", with: "").utf8 {
            let isDigit = UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            if !isDigit { kept.append(byte) } else if kept.last != 0 { kept.append(0) }
        }
        return kept
    }
}

/// Attributes that name one request, machine or process, and tell nothing of a difference.
enum IdentityKeys {
    private static let keys: Set<String> = [
        // Who it was.
        "node_id", "peer.address", "upstream_address", "upstream_cluster", "upstream_cluster.name", "net.peer.ip",
        "net.peer.port", "net.host.ip", "net.host.port", "net.sock.peer.addr", "net.sock.peer.port",
        "net.sock.host.addr", "net.sock.host.port", "client.address", "client.port", "server.port", "network.peer.port",
        "network.peer.address", "network.local.address", "network.local.port", "peer.ipv4", "peer.ipv6", "peer.port",
        "host.name", "host.ip", "hostname", "ip", "thread.name", "process.pid", "pid",
        // Told elsewhere.
        "istio.canonical_revision", "istio.destination_canonical_revision", "service.version", "version", "error",
        "otel.status_code", "otel.status_description", "span.kind",
    ]

    private static let ends = [".id", "_id", "-id", ".uid", "Id", "ID", ".pid"]
    private static let beginnings = ["guid:", "k8s.pod.", "k8s.node.", "container.", "thread.", "process."]

    static func contains(_ key: String) -> Bool {
        keys.contains(key) || ends.contains { key.hasSuffix($0) } || beginnings.contains { key.hasPrefix($0) }
    }

    /// What it asked for: numbers in it are parameters.
    static func isOfRequest(_ key: String) -> Bool {
        key.hasPrefix("url.") || key.hasPrefix("http.url") || key.hasPrefix("http.target") || key.hasPrefix("http.path")
            || key.hasPrefix("db.statement") || key.hasPrefix("db.query")
    }

    /// Whether a value looks like an ID or an address: many hex digits, or numbers with dots or colons between them.
    static func isIdentity(value: String) -> Bool {
        var (digits, letters, marks) = (0, 0, 0)
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): letters += 1
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"): marks += 1
            default: return false
            }
        }
        if letters == 0 { return marks >= 3 && digits >= 4 }
        return digits > 0 && digits + letters >= 16
    }
}
