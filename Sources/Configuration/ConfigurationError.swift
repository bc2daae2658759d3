/// Why a configuration cannot be used: everything that is wrong with it, not just the first.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// One line each: what is wrong, where, and what was expected. At least one.
    public let problems: [String]

    init(_ problems: [String]) {
        precondition(!problems.isEmpty, "an error has a problem")
        self.problems = problems
    }

    public var description: String { problems.joined(separator: "\n") }
}

/// The known name that a mistyped one was probably meant to be.
enum NearestName {
    /// nil if none is near: more than a third of the letters would have to change.
    static func find(_ name: String, among known: some Sequence<String>) -> String? {
        let allowance = max(1, name.unicodeScalars.count / 3)
        guard name.utf8.count <= 100 else { return nil }
        return known.map { (name: $0, distance: distance(name, $0)) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .flatMap { $0.distance <= allowance ? $0.name : nil }
    }

    /// "; did you mean '...'?" or nothing.
    static func question(_ name: String, among known: some Sequence<String>) -> String {
        find(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// Letters to insert, remove, replace, or swap with their neighbour.
    private static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.unicodeScalars)
        let b = Array(b.unicodeScalars)
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
                row.append(best)
            }
            before = last
            last = row
        }
        return last[b.count]
    }
}
