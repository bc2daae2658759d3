/// What is stored of the spans that arrive: decided for each span at once, by rules in their order; the first that
/// matches counts.
public struct HeadPolicy: Sendable {
    var rules: [Rule]
    /// For spans that no rule matches.
    var other: Outcome

    struct Rule: Sendable {
        var name: String
        var service: NamePattern?
        var operation: NamePattern?
        var namespace: NamePattern?
        var version: NamePattern?
        var outcome: Outcome

        /// The service and the operation alone do not tell whether it matches.
        var asksForOrigin: Bool { namespace != nil || version != nil }
    }

    enum Outcome: Sendable, Equatable {
        case part(SamplingThreshold)
        case rate(tracesPerSecond: Double, isPerService: Bool)
    }

    /// The name of what is decided where no rule matches, in counts.
    public static let otherName = "default"

    init(rules: [Rule], other: Outcome) {
        self.rules = rules
        self.other = other
    }

    /// Everything is kept.
    public static let keepingEverything = HeadPolicy(percent: 100)

    /// A part of all traces, whatever they are.
    /// - Parameter percent: 0 to 100; beyond is taken as the bound.
    public init(percent: Double) {
        self.init(rules: [], other: .part(SamplingThreshold(probability: percent / 100)))
    }

    /// No rule leaves anything out.
    public var keepsEverything: Bool { rules.allSatisfy { $0.outcome == .part(.all) } && other == .part(.all) }

    var hasRates: Bool {
        (rules.map(\.outcome) + [other]).contains { outcome in
            if case .rate = outcome { true } else { false }
        }
    }

    /// The names of its rules in their order, and of what is decided where none matches.
    public var ruleNames: [String] { rules.map(\.name) + [Self.otherName] }
}

/// A name, or one with `*` for any letters, also none.
struct NamePattern: Hashable, Sendable {
    let text: String
    /// What stands between the stars.
    private let parts: [[UInt8]]

    init(_ text: String) {
        self.text = text
        parts = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { Array($0) }
    }

    func matches(_ name: UnsafeRawBufferPointer) -> Bool {
        guard parts.count > 1 else { return name.elementsEqual(parts[0]) }
        let (first, last) = (parts[0], parts[parts.count - 1])
        guard name.count >= first.count + last.count, name.starts(with: first),
            name.suffix(last.count).elementsEqual(last)
        else { return false }
        // The leftmost place of each leaves the most room for the next.
        var start = first.count
        let end = name.count - last.count
        for part in parts[1..<(parts.count - 1)] where !part.isEmpty {
            guard let place = Self.place(of: part, in: name, from: start, to: end) else { return false }
            start = place + part.count
        }
        return true
    }

    private static func place(of part: [UInt8], in name: UnsafeRawBufferPointer, from: Int, to end: Int) -> Int? {
        var start = from
        while start + part.count <= end {
            if name[start] == part[0], name[start..<(start + part.count)].elementsEqual(part) { return start }
            start += 1
        }
        return nil
    }
}
