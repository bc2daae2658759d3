/// Where a node is, as configured.
struct NodeURL: Equatable {
    /// Scheme, host, port, and a path that goes before all paths; without a slash at the end, and without a user.
    let text: String
    /// A user's name and password within the URL.
    let user: (name: String, password: String)?

    static func == (left: NodeURL, right: NodeURL) -> Bool { left.text == right.text }

    init(_ configured: String) throws(OpenSearchError) {
        var url = configured.contains("://") ? configured : "http://" + configured
        while url.hasSuffix("/") { url.removeLast() }
        guard let scheme = url.firstRange(of: "://"), ["http", "https"].contains(String(url[..<scheme.lowerBound])),
            !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }), !url.contains("?"), !url.contains("#")
        else { throw Self.unusable }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else {
            guard !authority.isEmpty else { throw Self.unusable }
            text = url
            user = nil
            return
        }
        let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard authority.index(after: at) < authority.endIndex, let name = Self.decoded(parts[0]),
            let password = parts.count == 2 ? Self.decoded(parts[1]) : ""
        else { throw Self.unusable }
        text = String(url[..<scheme.upperBound]) + rest[rest.index(after: at)...]
        user = (name, password)
    }

    /// Says nothing of the URL: there may be a password in it.
    private static var unusable: OpenSearchError {
        OpenSearchError(.badOptions, "one of OpenSearch's URLs is none such as https://search-1:9200")
    }

    /// With each `%XX` replaced by its byte; nil if that is no text.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.popFirst() {
            guard first == UInt8(ascii: "%") else {
                bytes.append(first)
                continue
            }
            guard rest.count >= 2, let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
            rest.removeFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
