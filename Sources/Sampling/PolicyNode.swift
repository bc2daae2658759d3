/// A document of policies before anyone asks what it means, however it was written.
public indirect enum PolicyNode: Sendable {
    case scalar(String, PolicyPlace)
    case list([PolicyNode], PolicyPlace)
    case map([Entry], PolicyPlace)
    case nothing(PolicyPlace)

    /// One key of a map, and what stands behind it.
    public struct Entry: Sendable {
        public var key: String
        public var keyPlace: PolicyPlace
        public var value: PolicyNode

        public init(key: String, keyPlace: PolicyPlace, value: PolicyNode) {
            self.key = key
            self.keyPlace = keyPlace
            self.value = value
        }
    }

    public var place: PolicyPlace {
        switch self {
        case .scalar(_, let place), .list(_, let place), .map(_, let place), .nothing(let place): place
        }
    }

    /// What it is, in the words of a message.
    var found: String {
        switch self {
        case .scalar(let text, _): text.count <= 80 ? "'\(text)'" : "'\(text.prefix(80))...'"
        case .list(let nodes, _): nodes.isEmpty ? "an empty list" : "a list"
        case .map(let entries, _): entries.isEmpty ? "no keys" : "keys such as '\(entries[0].key.prefix(80))'"
        case .nothing: "nothing"
        }
    }
}

/// Where in a file something stands; line and column from 1, in the file's own counting.
public struct PolicyPlace: Hashable, Sendable, CustomStringConvertible {
    public var path: String
    public var line: Int
    public var column: Int

    public init(path: String, line: Int, column: Int) {
        self.path = path
        self.line = line
        self.column = column
    }

    public var description: String { "\(path):\(line):\(column)" }
}

/// Why a document of policies cannot be used: everything that is wrong with it, not just the first.
public struct PolicyError: Error, Sendable, CustomStringConvertible {
    /// One line each: where, what was found, and what was expected. At least one.
    public let problems: [String]

    init(_ problems: [String]) {
        precondition(!problems.isEmpty, "an error has a problem")
        self.problems = problems
    }

    public var description: String { problems.joined(separator: "\n") }
}
