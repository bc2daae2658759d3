public import TraceModel

/// Decides what stays of one segment's traces when the segment comes to an age.
public struct AgeSampler {
    private let stages: ArraySlice<StagePolicy>

    /// - Parameter stage: an index into `stages`; what earlier ones leave out, is left out too.
    public init(_ stages: [StagePolicy], stage: Int) {
        precondition(stages.indices.contains(stage), "a stage of the document")
        self.stages = stages[...stage]
    }

    /// The stage that holds for an age in nanoseconds, as an index; nil behind the last: such traces do not stay.
    public static func stage(forAge age: Int64, in stages: [StagePolicy]) -> Int? {
        stages.firstIndex { age < $0.until || $0.until == .max }
    }

    /// Whether every trace of the segment is to be shown to `survey` before `decide` is asked for the first.
    public var needsSurvey: Bool { stages.contains { $0.keepsOnePerOperation } }

    /// Takes note of a trace of the segment.
    public mutating func survey(_ spans: [SpanView]) {}

    public func decide(_ spans: [SpanView]) -> TailDecision {
        TailDecision(isKept: true, threshold: .all, policy: TailDecision.noPolicy)
    }
}
