import Topology
import TraceModel

/// Requests of a version by minute, of which each tenth failed.
func operation(
    _ version: String, _ counts: [Int], isMirrored: Bool = false, service: String = SampleReport.service
) -> OperationTotals {
    OperationTotals(
        serviceName: service, namespace: "default", version: version, operationName: "GET /reviews",
        spanKind: .server, isMirrored: isMirrored,
        steps: counts.enumerated().compactMap { minute, count in
            count == 0
                ? nil
                : OperationTotals.Step(
                    start: Int64(minute) * 60_000_000_000, callCount: count, errorCount: count / 10,
                    durations: DurationSketch())
        })
}
