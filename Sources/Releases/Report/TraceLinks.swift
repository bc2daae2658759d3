/// Addresses of traces in a web page that shows them.
public struct TraceLinks: Sendable, Equatable {
    private static let placeholder = "{trace}"
    /// Of an address what comes before and after the ID; nil: there are none.
    private var before: String?
    private var after = ""

    /// No links.
    public init() {}

    /// - Parameter base: where Jaeger's page is (`https://jaeger.example`: traces are below `/trace/`), or any address
    ///   with `{trace}` where the ID stands. Nil if it is no address of `http` or `https`, or has signs that none has.
    public init?(base: String) {
        let scheme = base.prefix(8).lowercased()
        guard scheme.hasPrefix("http://") || scheme == "https://" else { return nil }
        guard base.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f && !"\"'<>\\`".contains(String($0)) })
        else { return nil }
        if let place = base.firstRange(of: Self.placeholder) {
            (before, after) = (String(base[..<place.lowerBound]), String(base[place.upperBound...]))
        } else {
            before = base.hasSuffix("/") ? base + "trace/" : base + "/trace/"
        }
    }

    var isNone: Bool { before == nil }

    /// Nil where there are no links, or for what is no ID.
    package func address(of traceID: String) -> String? {
        guard let before, Self.isID(traceID) else { return nil }
        return before + traceID + after
    }

    static func isID(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.isASCII && $0.properties.isHexDigit }
    }
}
