internal import Topology

/// What an attribute of a request means to a comparison, by its key.
enum AttributeRole {
    /// May tell requests from others.
    case feature
    /// Names one of many like it, or the version, or follows from the outcome: it never tells why.
    case none
    /// A URL or a path; of several the one with the least rank counts.
    case url(rank: Int)
    /// Says what went wrong, where it does.
    case error(ErrorKey)

    enum ErrorKey: String, CaseIterable {
        case httpStatus = "http.status_code"
        case grpcStatus = "grpc.status_code"
        case responseFlags = "response_flags"
        case exception = "exception.type"
        case errorType = "error.type"
        case text = "error"

        /// For people.
        var words: String {
            switch self {
            case .httpStatus: "HTTP status"
            case .grpcStatus: "gRPC status"
            case .responseFlags: "response flags"
            case .exception: "exception"
            case .errorType: "error type"
            case .text: "error"
            }
        }

        /// What says that something went wrong, cut if it is long; nil for a value that does not.
        func kind(of value: String) -> String? {
            guard tellsError(value) else { return nil }
            return self == .text
                ? RequestText.pattern(of: value) : String(value.prefix(RequestText.valueLengthMax))
        }

        private func tellsError(_ value: String) -> Bool {
            switch self {
            case .httpStatus: Int(value).map { $0 >= 400 || $0 == 0 } ?? false
            case .grpcStatus: !["", "0", "OK", "Ok", "ok"].contains(value)
            case .responseFlags: !["", "-"].contains(value)
            case .exception: !value.isEmpty
            // A status says it better.
            case .errorType: !value.allSatisfy(\.isNumber)
            case .text: !["", "true", "false", "1", "0"].contains(value)
            }
        }
    }

    init(key: String) {
        switch key {
        case "http.status_code", "http.response.status_code": self = .error(.httpStatus)
        case "grpc.status_code", "rpc.grpc.status_code", "grpc.status", "rpc.response.status_code":
            self = .error(.grpcStatus)
        case "response_flags": self = .error(.responseFlags)
        case "exception.type": self = .error(.exception)
        case "error.type": self = .error(.errorType)
        case "error", "error.message", "exception.message", "otel.status_description": self = .error(.text)
        case "http.url", "url.full": self = .url(rank: 0)
        case "http.target": self = .url(rank: 1)
        case "url.path", "http.path": self = .url(rank: 2)
        default: self = Self.isLeftOut(key) ? .none : .feature
        }
    }

    private static let leftOut: Set<String> = [
        "host.name", "host.id", "peer.address", "peer.ipv4", "peer.ipv6", "peer.port", "client.address", "client.port",
        "client.socket.address", "network.peer.address", "network.peer.port", "network.local.address", "net.peer.name",
        "net.peer.port", "net.host.port", "server.socket.address", "service.instance.id", "instance", "instance.id",
        "container.id", "container.name", "traceparent", "tracestate", "b3", "session.id", "thread.id", "thread.name",
        "url.query", "exception.stacktrace", "otel.status_code", "span.kind", "status", "k8s.replicaset.name",
        "process.command_line", "process.command_args", "response_size", "http.response_content_length",
        "http.response.body.size", "http.response.size", "messaging.message.id",
    ]

    /// Parts of keys that name one of many.
    private static let identities: Set<String> = [
        "pod", "node", "hostname", "ip", "ipv4", "ipv6", "uid", "pid", "uuid", "guid", "requestid", "traceid", "spanid",
    ]

    /// Parts of keys that tell of the outcome, or when it was.
    private static let outcomes: Set<String> = ["duration", "elapsed", "latency", "timestamp", "time", "ms"]

    private static func isLeftOut(_ key: String) -> Bool {
        if leftOut.contains(key) || CallAttributes.versionKeys.contains(key) { return true }
        let parts = key.lowercased().split { ".:_-/".contains($0) }
        for (place, part) in parts.enumerated() {
            let name = String(part)
            if identities.contains(name) || outcomes.contains(name) { return true }
            if name == "id", place > 0, ["request", "trace", "span", "correlation"].contains(parts[place - 1]) {
                return true
            }
        }
        return false
    }
}

/// Texts of requests without what differs from one to the next.
enum RequestText {
    /// Longer values are texts of their own.
    static let valueLengthMax = 200
    /// What comes behind it is not looked at.
    static let byteCountMax = 1_000
    private static let patternLengthMax = 160

    /// A text with `*` for each number and ID in it; cut if it is long.
    static func pattern(of text: String) -> String {
        var pattern = ""
        var word = ""
        func endWord() {
            if isID(word[...]) { pattern.append("*") } else { append(word) }
            word = ""
        }
        func append(_ word: String) {
            for character in word {
                if !character.isNumber { pattern.append(character) } else if pattern.last != "*" { pattern.append("*") }
            }
        }
        for character in text.prefix(patternLengthMax * 2) {
            if character.isLetter || character.isNumber || character == "-" {
                word.append(character)
            } else {
                endWord()
                pattern.append(character.isNewline ? " " : character)
            }
        }
        endWord()
        return pattern.count > patternLengthMax ? pattern.prefix(patternLengthMax) + "..." : pattern
    }

    /// The path of a URL, with `*` for each part that is a number or an ID.
    static func path(ofURL url: String) -> String {
        var rest = url[...]
        if let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...]
            rest = rest[(rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex)...]
        }
        rest = rest.prefix { $0 != "?" && $0 != "#" }
        let parts = rest.split(separator: "/", maxSplits: 20).map { isID($0) ? "*" : $0 }
        return String(("/" + parts.joined(separator: "/")).prefix(valueLengthMax))
    }

    private static func isID(_ part: Substring) -> Bool {
        guard part.utf8.contains(where: { $0 >= 48 && $0 <= 57 }) else { return false }
        if part.allSatisfy(\.isNumber) { return true }
        return part.utf8.count >= 8 && part.allSatisfy { $0.isHexDigit || $0 == "-" }
    }

    /// Whether a value is the address of a machine, with or without a port.
    static func isAddress(_ value: String) -> Bool {
        var host = value[...]
        if host.first == "[" { host = host.dropFirst().prefix { $0 != "]" } }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        if numbers.count == 4 {
            let last = numbers[3].split(separator: ":", omittingEmptySubsequences: false)
            return last.count <= 2 && (numbers.dropLast() + [last[0]]).allSatisfy { UInt8($0) != nil }
        }
        let groups = host.split(separator: ":", omittingEmptySubsequences: false)
        return groups.count >= 3 && groups.allSatisfy { $0.isEmpty || $0.count <= 4 && $0.allSatisfy(\.isHexDigit) }
    }
}
