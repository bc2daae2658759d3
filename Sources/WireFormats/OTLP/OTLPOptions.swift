/// How spans are read from OTLP, or written as OTLP.
public struct OTLPOptions: Sendable {
    /// What OTLP has no place for stands in attributes whose keys start with `skein.`.
    ///
    /// On both sides, export and import give back spans that are equal in everything. Off, a written span is as other
    /// programs expect it, and such attributes of a span that is read mean nothing.
    public var keepsSkeinFacts: Bool

    /// A written resource whose service has no name gets OpenTelemetry's name for such a one, `unknown_service`.
    ///
    /// Some readers pass over resources without it. Means nothing when spans are read.
    public var namesEveryService: Bool

    public init(keepsSkeinFacts: Bool = false, namesEveryService: Bool = false) {
        self.keepsSkeinFacts = keepsSkeinFacts
        self.namesEveryService = namesEveryService
    }
}
