/// How spans are read from OTLP, or written as OTLP.
public struct OTLPOptions: Sendable {
    /// What OTLP has no place for stands in attributes whose keys start with `skein.`.
    ///
    /// On both sides, export and import give back spans that are equal in everything. Off, a written span is as other
    /// programs expect it, and such attributes of a span that is read mean nothing.
    public var keepsSkeinFacts: Bool

    public init(keepsSkeinFacts: Bool = false) { self.keepsSkeinFacts = keepsSkeinFacts }
}

/// What became of the spans of one body.
public struct OTLPOutcome: Hashable, Sendable {
    /// Spans that were added.
    public internal(set) var acceptedCount = 0
    /// Spans that were left out, each for a reason of its own; to be told in the answer (partial success).
    public internal(set) var rejectedCount = 0
    /// Why the first of them was left out, and which it was.
    public internal(set) var firstRejection: String?
    /// Strings that were not UTF-8: each wrong byte became U+FFFD.
    public internal(set) var replacedStringCount = 0

    public init() {}
}
