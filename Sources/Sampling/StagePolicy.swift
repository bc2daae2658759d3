/// What stays of stored traces up to an age.
public struct StagePolicy: Sendable {
    /// Nanoseconds; Int64.max: for good.
    public let until: Int64
    /// nil: everything stays.
    let policies: [TailPolicy.Policy]?
    /// Of each service's operations and versions one trace stays in each segment.
    let keepsOnePerOperation: Bool

    init(until: Int64, policies: [TailPolicy.Policy]?, keepsOnePerOperation: Bool) {
        self.until = until
        self.policies = policies
        self.keepsOnePerOperation = keepsOnePerOperation
    }

    /// Whether it leaves out nothing.
    public var keepsEverything: Bool { policies == nil }
}
