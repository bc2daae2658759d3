/// Reads a document and collects what is wrong with it.
struct PolicyReader {
    private(set) var problems: [String] = []
    /// Policies that measure, each with a number of its own.
    private var quotaCount = 0
    private var percentileCount = 0

    private static let problemCountMax = 100

    mutating func newQuota() -> Int {
        quotaCount += 1
        return quotaCount - 1
    }

    mutating func newPercentile() -> Int {
        percentileCount += 1
        return percentileCount - 1
    }

    mutating func problem(_ place: PolicyPlace, _ text: String) {
        if problems.count < Self.problemCountMax { problems.append("\(place): \(text)") }
    }

    mutating func expected(_ expectation: String, _ node: PolicyNode, for key: String) {
        problem(node.place, "'\(key)' is \(node.found); expected \(expectation)")
    }

    // MARK: Maps

    /// The map's values by key.
    /// - Parameter keys: those that may be there.
    mutating func values(_ entries: [PolicyNode.Entry], of what: String, keys: [String]) -> [String: PolicyNode] {
        var values: [String: PolicyNode] = [:]
        for entry in entries {
            guard keys.contains(entry.key) else {
                let known = keys.map { "'\($0)'" }.joined(separator: ", ")
                problem(
                    entry.keyPlace,
                    "unknown key '\(entry.key.prefix(80))' of \(what); expected \(known)"
                        + NearestKey.question(entry.key, among: keys))
                continue
            }
            if values.updateValue(entry.value, forKey: entry.key) != nil {
                problem(entry.keyPlace, "'\(entry.key)' is set a second time")
            }
        }
        return values
    }

    /// nil, and a problem, if it is no map.
    mutating func map(_ node: PolicyNode, _ key: String, expecting expectation: String) -> [PolicyNode.Entry]? {
        if case .map(let entries, _) = node { return entries }
        expected(expectation, node, for: key)
        return nil
    }

    /// One or more nodes; nil, and a problem, otherwise.
    mutating func list(_ node: PolicyNode, _ key: String, expecting expectation: String) -> [PolicyNode]? {
        if case .list(let nodes, _) = node, !nodes.isEmpty { return nodes }
        expected(expectation, node, for: key)
        return nil
    }

    // MARK: Scalars

    mutating func text(_ node: PolicyNode?, _ key: String, expecting expectation: String = "a text") -> String? {
        guard let node else { return nil }
        if case .scalar(let text, _) = node, !text.isEmpty { return text }
        expected(expectation, node, for: key)
        return nil
    }

    /// One text, or a list of some.
    mutating func texts(_ node: PolicyNode, _ key: String, expecting expectation: String) -> [String]? {
        let nodes = if case .list(let nodes, _) = node { nodes } else { [node] }
        let texts = nodes.compactMap { node in
            if case .scalar(let text, _) = node { text } else { nil as String? }
        }
        if texts.count == nodes.count, !texts.isEmpty { return texts }
        expected(expectation, node, for: key)
        return nil
    }

    mutating func number(
        _ node: PolicyNode?, _ key: String, in range: ClosedRange<Double>, expecting expectation: String
    ) -> Double? {
        guard let node else { return nil }
        // Digits first: texts such as 'infinity' are no numbers here.
        if case .scalar(let text, _) = node, let first = text.utf8.first, first != UInt8(ascii: "+"),
            text.utf8.allSatisfy({ $0 < 0x3a || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }),
            let number = Double(text), range.contains(number)
        {
            return number
        }
        expected(expectation, node, for: key)
        return nil
    }

    mutating func count(_ node: PolicyNode?, _ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node else { return nil }
        if case .scalar(let text, _) = node, let number = Int(text), range.contains(number) { return number }
        expected("a whole number from \(range.lowerBound) to \(range.upperBound)", node, for: key)
        return nil
    }

    /// A probability from a percentage.
    mutating func percent(_ node: PolicyNode?, _ key: String = "percent") -> Double? {
        let expectation = "a percentage from 0 to 100, such as 10 or 0.01"
        // The percent sign may be there.
        var node = node
        if case .scalar(let text, let place) = node, text.hasSuffix("%") {
            node = .scalar(String(text.dropLast()), place)
        }
        return number(node, key, in: 0...100, expecting: expectation).map { $0 / 100 }
    }

    /// Nanoseconds, at least 1.
    mutating func duration(_ node: PolicyNode?, _ key: String, max: Int64 = .max) -> Int64? {
        guard let node else { return nil }
        if case .scalar(let text, _) = node, let time = LengthOfTime.nanoseconds(text), time > 0, time <= max {
            return time
        }
        let bound = max == .max ? "" : " of at most \(LengthOfTime.text(max))"
        expected("a length of time\(bound), such as 500ms, 10s or 1h30m", node, for: key)
        return nil
    }

    /// One of some words.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ node: PolicyNode?, _ key: String, as type: Word.Type
    ) -> Word? where Word.RawValue == String {
        guard let node else { return nil }
        if case .scalar(let text, _) = node, let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue)
        var expectation = words.map { "'\($0)'" }.joined(separator: ", ")
        if case .scalar(let text, _) = node { expectation += NearestKey.question(text, among: words) }
        expected(expectation, node, for: key)
        return nil
    }
}

/// The known key that a mistyped one was probably meant to be.
enum NearestKey {
    /// "; did you mean '...'?", or nothing if none is near: more than a third of the letters would have to change.
    static func question(_ key: String, among known: [String]) -> String {
        let letters = Array(key.unicodeScalars)
        guard letters.count <= 100 else { return "" }
        let nearest = known.map { (key: $0, distance: distance(letters, Array($0.unicodeScalars))) }
            .min { ($0.distance, $0.key) < ($1.distance, $1.key) }
        guard let nearest, nearest.distance <= max(1, letters.count / 3) else { return "" }
        return "; did you mean '\(nearest.key)'?"
    }

    /// Letters to insert, remove, replace, or swap with their neighbour.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var rows = [Array(0...b.count)]
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}

/// Lengths of time as people write them: `10s`, `500ms`, `7d`, `1h30m`.
enum LengthOfTime {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1000), ("µs", 1000), ("ns", 1),
    ]

    /// Nanoseconds; nil for anything but numbers with units, one after another.
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = text[...]
        var total: Int64 = 0
        guard !rest.isEmpty, text.utf8.count <= 100 else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
            rest = rest.dropFirst(name.count)
            guard let unit = units.first(where: { $0.name == name })?.nanoseconds, number.first != ".",
                number.last != ".", let value = Double(number),
                let part = Int64(exactly: (value * Double(unit)).rounded())
            else { return nil }
            let sum = total.addingReportingOverflow(part)
            guard !sum.overflow else { return nil }
            total = sum.partialValue
        }
        return total
    }

    /// In the largest unit that is exact.
    static func text(_ nanoseconds: Int64) -> String {
        for unit in units where nanoseconds >= unit.nanoseconds && nanoseconds % unit.nanoseconds == 0 {
            return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
        }
        return "\(nanoseconds)ns"
    }
}
