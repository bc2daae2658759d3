/// Why a list of origins cannot be used.
public struct CORSError: Error, Sendable, CustomStringConvertible {
    /// Which origin, and what is wrong with it.
    public let message: String

    public var description: String { message }
}

/// Which web pages may send to a listener from within a browser (the CORS protocol of the Fetch standard).
///
/// It protects pages, not the server: programs other than browsers are not held back.
public struct CORSPolicy: Sendable {
    /// Headers that a page may send without being listed.
    static let headersAlwaysAllowed = ["accept", "content-type", "content-encoding", "x-requested-with"]

    private enum Match {
        case none
        case anyone
        case listed
    }

    private var allowsAnyOrigin = false
    private var exactOrigins: Set<String> = []
    /// What stands before and after the wildcard.
    private var patterns: [(prefix: String, suffix: String)] = []
    private let allowedHeaders: [String]
    private let maxAge: String

    /// - Parameters:
    ///   - allowedOrigins: each a scheme and host as browsers say them (`https://shop.example`), with a port where it
    ///     is not the scheme's own; with `*` as first label, which stands for one label or more
    ///     (`https://*.shop.example`); or `*` for all. None: no page may send.
    ///   - allowedHeaders: header fields that pages may send beside the usual ones; `*` for all.
    ///   - maxAgeSeconds: how long a browser may remember the answer to a preflight.
    public init(
        allowedOrigins: [String], allowedHeaders: [String] = [], maxAgeSeconds: Int = 7200
    ) throws(CORSError) {
        self.allowedHeaders = Self.headersAlwaysAllowed + allowedHeaders.map { $0.lowercased() }
        maxAge = String(max(0, maxAgeSeconds))
        for origin in allowedOrigins {
            try add(origin)
        }
    }

    /// False when no origin is allowed: no header is ever given.
    public var isEnabled: Bool { allowsAnyOrigin || !exactOrigins.isEmpty || !patterns.isEmpty }

    // MARK: Answers

    /// The headers of the answer to a preflight, an OPTIONS request with `access-control-request-method`, which has no
    /// body and comes without credentials. Only `vary` when the page may not go on.
    ///
    /// The parameters are values of the request's fields; `methods` are those of the path.
    public func preflightHeaders(
        origin: String?, requestedMethod: String, requestedHeaders: String?, methods: [HTTPMethod] = [.post]
    ) -> [(name: String, value: String)] {
        guard isEnabled else { return [] }
        var headers = [
            (name: "vary", value: "origin, access-control-request-method, access-control-request-headers")
        ]
        let requested = (requestedHeaders ?? "").split { $0 == "," || $0 == " " || $0 == "\t" }
            .map { $0.lowercased() }
        guard let origin, case let match = match(origin), match != .none,
            methods.contains(where: { $0.rawValue == requestedMethod }),
            requested.allSatisfy({ allowsHeader($0) })
        else { return headers }
        headers += originHeaders(origin, match)
        headers.append(("access-control-allow-methods", methods.map(\.rawValue).joined(separator: ", ")))
        if !requested.isEmpty {
            headers.append(("access-control-allow-headers", requested.joined(separator: ", ")))
        }
        headers.append(("access-control-max-age", maxAge))
        return headers
    }

    /// The headers to add to the answer of any other request; `origin` is the value of the request's field.
    public func responseHeaders(origin: String?) -> [(name: String, value: String)] {
        guard isEnabled else { return [] }
        let vary = [(name: "vary", value: "origin")]
        guard let origin, case let match = match(origin), match != .none else { return vary }
        return vary + originHeaders(origin, match) + [("access-control-expose-headers", "retry-after")]
    }

    private func allowsHeader(_ name: String) -> Bool {
        allowedHeaders.contains(name) || allowedHeaders.contains("*") && name.utf8.allSatisfy(Self.isLabelByte)
    }

    private func originHeaders(_ origin: String, _ match: Match) -> [(name: String, value: String)] {
        guard match == .listed else { return [("access-control-allow-origin", "*")] }
        return [("access-control-allow-origin", origin), ("access-control-allow-credentials", "true")]
    }

    // MARK: Origins

    private func match(_ origin: String) -> Match {
        // Nothing but characters of origins is ever sent back.
        guard origin.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return .none }
        let lowercased = origin.lowercased()
        if exactOrigins.contains(lowercased) || patterns.contains(where: { Self.fits(lowercased, $0, $1) }) {
            return .listed
        }
        return allowsAnyOrigin ? .anyone : .none
    }

    private static func fits(_ origin: String, _ prefix: String, _ suffix: String) -> Bool {
        guard origin.hasPrefix(prefix), origin.hasSuffix(suffix),
            origin.utf8.count > prefix.utf8.count + suffix.utf8.count
        else { return false }
        let labels = origin.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
        return labels.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy(isLabelByte) }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private mutating func add(_ origin: String) throws(CORSError) {
        guard origin != "*" else {
            allowsAnyOrigin = true
            return
        }
        let text = origin.lowercased()
        guard
            let scheme = [(name: "https://", port: ":443"), ("http://", ":80")].first(where: { text.hasPrefix($0.name) }
            )
        else { throw Self.refusal(origin, "it begins neither with http:// nor with https://") }
        // Browsers leave out the port that the scheme implies.
        let host = text.hasSuffix(scheme.port) ? text.dropLast(scheme.port.count) : text[...]
        let rest = host.dropFirst(scheme.name.count)
        guard !rest.contains("/") else { throw Self.refusal(origin, "an origin ends before the first / of the path") }
        let isHost = rest.utf8.allSatisfy { Self.isLabelByte($0) || [42, 46, 58, 91, 93].contains($0) }  // *.:[]
        guard !rest.isEmpty, isHost else { throw Self.refusal(origin, "its host is not a name or an address") }
        guard rest.contains("*") else {
            exactOrigins.insert(String(host))
            return
        }
        guard rest.hasPrefix("*."), rest.count > 2, !rest.dropFirst().contains("*") else {
            throw Self.refusal(
                origin, "a wildcard stands for the first label of the host, as in https://*.shop.example")
        }
        patterns.append((scheme.name, String(rest.dropFirst())))
    }

    private static func refusal(_ origin: String, _ reason: String) -> CORSError {
        CORSError(message: "allowed origin '\(origin)': \(reason)")
    }
}
