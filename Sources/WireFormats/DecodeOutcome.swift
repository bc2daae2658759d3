/// What became of the spans of one body.
public struct DecodeOutcome: Hashable, Sendable {
    /// Spans that were added.
    public internal(set) var acceptedCount = 0
    /// Spans that were left out, each for a reason of its own; to be told in the answer (OTLP's partial success). Other
    /// formats know none: one bad span refuses the body.
    public internal(set) var rejectedCount = 0
    /// Why the first of them was left out, and which it was.
    public internal(set) var firstRejection: String?
    /// Strings that were not UTF-8: each wrong byte became U+FFFD.
    public internal(set) var replacedStringCount = 0

    public init() {}

    init(acceptedCount: Int) { self.acceptedCount = acceptedCount }
}
