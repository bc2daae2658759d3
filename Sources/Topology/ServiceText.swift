/// A service and its version, as the name of a proxy's cluster tells them; and names of services in other texts.
struct ServiceText {
    var name: UnsafeRawBufferPointer
    var version: UnsafeRawBufferPointer?

    private static let dot = UInt8(ascii: ".")
    private static let bar = UInt8(ascii: "|")

    /// Of `outbound|9080|v2|reviews.default.svc.cluster.local` `reviews.default`, version `v2`. A cluster of another
    /// form is its own name; one that leads to the proxy's own application, and `-`, are nobody's.
    init?(cluster: UnsafeRawBufferPointer) {
        guard !cluster.elementsEqual("-".utf8) else { return nil }
        guard cluster.contains(Self.bar) else {
            guard !cluster.starts(with: "inbound".utf8), !cluster.starts(with: "Inbound".utf8) else { return nil }
            self.init(name: cluster)
            return
        }
        guard let first = cluster.firstIndex(of: Self.bar),
            let second = cluster[(first + 1)...].firstIndex(of: Self.bar),
            let third = cluster[(second + 1)...].firstIndex(of: Self.bar)
        else { return nil }
        let isOutbound = cluster[..<first].elementsEqual("outbound".utf8)
        // A waypoint's: its service is behind it, but still another one.
        guard isOutbound || cluster[..<first].elementsEqual("inbound-vip".utf8),
            let name = Self.name(ofHost: UnsafeRawBufferPointer(rebasing: cluster[(third + 1)...]))
        else { return nil }
        let subset = UnsafeRawBufferPointer(rebasing: cluster[(second + 1)..<third])
        self.init(name: name, version: isOutbound && !subset.isEmpty ? subset : nil)
    }

    private init(name: UnsafeRawBufferPointer, version: UnsafeRawBufferPointer? = nil) {
        self.name = name
        self.version = version
    }

    /// The host, of a cluster's service without what every such service is called; nil if it is an address.
    static func name(ofHost host: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let isAddress = host.allSatisfy { $0 == dot || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard !isAddress, !host.contains(UInt8(ascii: ":")), !host.elementsEqual("localhost".utf8) else { return nil }
        guard let first = host.firstIndex(of: dot), let second = host[(first + 1)...].firstIndex(of: dot) else {
            return host
        }
        let rest = host[second...]
        guard rest.starts(with: ".svc".utf8), rest.count == 4 || rest[second + 4] == dot else { return host }
        return UnsafeRawBufferPointer(rebasing: host[..<second])
    }

    /// Of `app.namespace`, each a label in lower case, the namespace; nil of any other name.
    static func namespace(ofService name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let first = name.firstIndex(of: dot) else { return nil }
        let rest = name[(first + 1)...]
        let end = rest.firstIndex(of: dot) ?? rest.endIndex
        guard isLabel(name[..<first]), isLabel(rest[..<end]),
            end == rest.endIndex || rest[end...].starts(with: ".svc".utf8)
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: rest[..<end])
    }

    private static func isLabel(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte }
        guard let first = text.first, isLetter(first) || isDigit(first), text.contains(where: isLetter) else {
            return false
        }
        return text.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
}
