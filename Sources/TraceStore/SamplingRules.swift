public import Sampling

/// What of the traces that come is stored, and what of them stays.
public struct SamplingRules: Sendable {
    /// Whether spans are left out before they come to the store.
    public var isHeadSampled = false
    /// What is left out of segments, of whole traces; nil: nothing.
    public var tail: TailPolicy?
    /// What stays of traces as they grow older; empty: everything.
    public var ageing: [StagePolicy] = []

    /// Everything is stored and stays.
    public init() {}

    public init(_ document: PolicyDocument) {
        isHeadSampled = !document.head.keepsEverything
        tail = document.tail
        ageing = document.ageing
    }

    public var leavesOut: Bool { isHeadSampled || tail != nil || !ageing.isEmpty }

    /// How long nothing may have come to a generation before the traces in it are decided on. Seconds.
    var tailWait: Double { Double(tail?.wait ?? 0) / 1e9 }

    /// Behind the last stage nothing stays. Seconds; nil: no bound.
    var ageMax: Double? { ageing.last.flatMap { $0.until == .max ? nil : Double($0.until) / 1e9 } }
}
