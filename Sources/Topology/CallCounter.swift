public struct CallCounter: Sendable {
    public var buckets: [Int64: [CallSeries: CallTotals]] { [:] }
    public init() {}
    public mutating func add(_ records: inout [CallRecord], _ names: CallNames) {}
}
