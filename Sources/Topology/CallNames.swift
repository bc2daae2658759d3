internal import Bytes

/// The names and sites that records and series refer to by number, each once. For one thread at a time.
public struct CallNames: Sendable {
    private var names = NameTable()
    /// By number.
    public private(set) var sites: [CallSite] = []
    /// Open addressing: a site's number plus one, or 0.
    private var slots = [UInt32](repeating: 0, count: 64)
    /// Nobody outside can know which sites fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)

    public init() {}

    /// The number of a name, UTF-8; 0 for the empty one.
    public mutating func number(of name: UnsafeRawBufferPointer) -> UInt32 { names.intern(name) }

    public mutating func number(of name: String) -> UInt32 {
        var name = name
        return name.withUTF8 { names.intern(UnsafeRawBufferPointer($0)) }
    }

    public func text(_ number: UInt32) -> String { names.text(number) }

    /// By their bytes.
    public func isBefore(_ a: UInt32, _ b: UInt32) -> Bool { names.isBefore(a, b) }

    /// Calls `body` with the name's bytes, UTF-8.
    public func withName<Result>(_ number: UInt32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        names.withName(number, body)
    }

    /// The number of a site.
    public mutating func number(of site: CallSite) -> UInt32 {
        var slot = slot(of: site)
        while slots[slot] != 0 {
            if sites[Int(slots[slot] - 1)] == site { return slots[slot] - 1 }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = UInt32(sites.count)
        sites.append(site)
        slots[slot] = number + 1
        if sites.count * 2 > slots.count { growSlots() }
        return number
    }

    private func slot(of site: CallSite) -> Int {
        func word(_ a: UInt32, _ b: UInt32) -> UInt64 { UInt64(a) << 32 | UInt64(b) }
        var hash = ByteHash.fold(
            word(site.serviceName, site.namespace) ^ seed, word(site.version, site.operationName) ^ ByteHash.seed)
        hash = ByteHash.fold(
            hash ^ word(site.remoteServiceName, site.target), word(site.targetVersion, 0) ^ ByteHash.seed)
        hash = ByteHash.fold(hash ^ UInt64(site.traits.rawValue), ByteHash.seed)
        return Int(truncatingIfNeeded: hash) & (slots.count - 1)
    }

    private mutating func growSlots() {
        slots = [UInt32](repeating: 0, count: slots.count * 4)
        for (number, site) in sites.enumerated() {
            var slot = slot(of: site)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(number) + 1
        }
    }
}
