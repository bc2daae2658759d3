/// The names and sites that records and series refer to by number, each once. For one thread at a time.
public struct CallNames: Sendable {
    private var names = NameTable()
    /// By number.
    public private(set) var sites: [CallSite] = []
    private var siteNumbers: [CallSite: UInt32] = [:]

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
        if let number = siteNumbers[site] { return number }
        let number = UInt32(sites.count)
        sites.append(site)
        siteNumbers[site] = number
        return number
    }
}
