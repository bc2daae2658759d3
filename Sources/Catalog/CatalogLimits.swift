/// How many names the catalog lists, so that senders who invent names cannot make it grow without end.
///
/// A name beyond a limit is not entered, only counted. Spans are found all the same: a segment that holds a service
/// beyond the limit is a candidate for every service.
public struct CatalogLimits: Sendable, Equatable {
    /// Services of all segments together.
    public var serviceCountMax: Int
    /// Operations of one service, and remote services of one service.
    public var nameCountMaxPerService: Int
    /// Operations of all services together, and remote services of all services together.
    public var nameCountMax: Int
    public var attributeKeyCountMax: Int
    /// Bytes of UTF-8 of one name of any sort.
    public var nameByteCountMax: Int

    public init(
        serviceCountMax: Int = 20_000, nameCountMaxPerService: Int = 10_000, nameCountMax: Int = 500_000,
        attributeKeyCountMax: Int = 100_000, nameByteCountMax: Int = 4_096
    ) {
        self.serviceCountMax = serviceCountMax
        self.nameCountMaxPerService = nameCountMaxPerService
        self.nameCountMax = nameCountMax
        self.attributeKeyCountMax = attributeKeyCountMax
        self.nameByteCountMax = nameByteCountMax
    }
}

/// How many names of stored segments were beyond the limits, each counted once for each segment that has it.
public struct UnlistedNameCounts: Sendable, Equatable {
    public let services: Int
    /// Operations, remote services and attribute keys; also those of services that are not listed.
    public let others: Int
}
