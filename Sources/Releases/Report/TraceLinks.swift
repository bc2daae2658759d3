/// Addresses of traces in a web page that shows them.
public struct TraceLinks: Sendable, Equatable {
    private static let placeholder = "{trace}"
    /// Before and after the ID; nil: there are none.
    private let parts: (before: String, after: String)?

    /// No links.
    public init() { parts = nil }

    /// - Parameter base: where Jaeger's page is (`https://jaeger.example`: traces are below `/trace/`), or any address
    ///   with `{trace}` where the ID stands. Nil if it is no address of `http` or `https`, or has signs that none has.
    public init?(base: String) {
        let scheme = base.prefix(8).lowercased()
        guard scheme.hasPrefix("http://") || scheme == "https://" else { return nil }
        guard base.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f && !"\"'<>\\`".contains(String($0)) })
        else { return nil }
        if let place = base.firstRange(of: Self.placeholder) {
            parts = (String(base[..<place.lowerBound]), String(base[place.upperBound...]))
        } else {
            parts = (base.hasSuffix("/") ? base + "trace/" : base + "/trace/", "")
        }
    }

    var isNone: Bool { parts == nil }

    /// Nil where there are no links, or for what is no ID.
    public func address(of traceID: String) -> String? {
        guard let parts, Self.isID(traceID) else { return nil }
        return parts.before + traceID + parts.after
    }

    static func isID(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.utf8.allSatisfy(isHexadecimal)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    public static func == (a: TraceLinks, b: TraceLinks) -> Bool {
        a.parts?.before == b.parts?.before && a.parts?.after == b.parts?.after
    }
}
