/// How spans are read from OTLP, or written as OTLP.
public struct OTLPOptions: Sendable {
    /// What OTLP has no place for stands in attributes whose keys start with `skein.`.
    ///
    /// On both sides, export and import give back spans that are equal in everything. Off, a written span is as other
    /// programs expect it, and such attributes of a span that is read mean nothing.
    public var keepsSkeinFacts: Bool

    public init(keepsSkeinFacts: Bool = false) { self.keepsSkeinFacts = keepsSkeinFacts }
}
