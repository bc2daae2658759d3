package import TraceModel

/// What Jaeger's Monitor asks: the parameters as values. Unknown ones are ignored, as elsewhere in this API.
package struct JaegerMetricsParameters: Sendable, Equatable {
    package var serviceNames: [String]
    package var groupsByOperation: Bool
    package var spanKinds: Set<SpanKind>
    /// Nanoseconds since 1970.
    package var window: Range<Int64>
    package var stepSeconds: Int64

    /// Seconds, ascending: the times by which calls are counted.
    static let levels: [Int64] = [60, 600, 3600, 86_400]
    /// So many steps back, from now, a level is used: finer ones are kept for less long, and a chart is no wider.
    static let stepCountMax: Int64 = 288
    static let serviceCountMax = 100

    private static let lookbackDefault: Int64 = 3_600_000
    private static let stepDefault: Int64 = 5000

    /// - Parameter now: nanoseconds since 1970.
    /// - Throws: `QueryError`.
    package init(_ parameters: QueryParameters, now: Int64) throws {
        // In the order in which they were asked for, each once.
        var seen: Set<String> = []
        serviceNames = parameters.all("service").filter { !$0.isEmpty && seen.insert($0).inserted }
        guard !serviceNames.isEmpty else {
            throw Self.error("service", "please provide at least one service name")
        }
        guard serviceNames.count <= Self.serviceCountMax else {
            throw Self.error("service", "more than \(Self.serviceCountMax) of them")
        }
        groupsByOperation =
            try parameters.text("groupByOperation").map { text in
                guard let value = GoBool.value(text) else {
                    throw Self.error("groupByOperation", "\(text) is neither true nor false")
                }
                return value
            } ?? false
        spanKinds = try Self.spanKinds(parameters.all("spanKind"))
        let end = try Self.milliseconds("endTs", parameters, from: 0) ?? now
        let lookback = try Self.milliseconds("lookback", parameters, from: 1) ?? Self.lookbackDefault * 1_000_000
        let step = try Self.milliseconds("step", parameters, from: 1) ?? Self.stepDefault * 1_000_000
        // Rates are of each step, and need no longer time to be told.
        _ = try Self.milliseconds("ratePer", parameters, from: 1)
        window = max(0, end.addingClamped(-lookback))..<end
        stepSeconds = Self.level(step: step, back: max(now, end).addingClamped(-window.lowerBound))
    }

    /// The quantile asked for, from 0 to 1.
    package static func quantile(_ parameters: QueryParameters) throws -> Double {
        let text = parameters.text("quantile") ?? ""
        guard let quantile = Double(text), (0...1).contains(quantile) else {
            throw error("quantile", "\(text.isEmpty ? "it is missing" : text): not a number from 0 to 1")
        }
        return quantile
    }

    /// The level nearest to the step that is asked for, or a coarser one if that were too many steps.
    /// - Parameters:
    ///   - step: nanoseconds.
    ///   - back: nanoseconds between the window's start and now.
    static func level(step: Int64, back: Int64) -> Int64 {
        let asked = Double(step) / 1e9
        let nearest = levels.min { abs(Double($0) - asked) < abs(Double($1) - asked) } ?? 60
        let backSeconds = back / 1_000_000_000
        return levels.first { $0 >= nearest && backSeconds / $0 <= stepCountMax } ?? 86_400
    }

    private static func spanKinds(_ names: [String]) throws -> Set<SpanKind> {
        if names.isEmpty { return [.server] }
        return Set(
            try names.map { name in
                guard let kind = SpanKind.allCases.first(where: { ($0.jaegerName ?? "unspecified") == name }) else {
                    throw error("spanKind", "unsupported span kind: '\(name)'")
                }
                return kind
            })
    }

    /// Nanoseconds.
    private static func milliseconds(
        _ name: String, _ parameters: QueryParameters, from least: Int64
    ) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let count = Int64(text), count >= least else {
            throw error(name, "\(text) is no number of milliseconds from \(least) on")
        }
        return count.multipliedClamped(by: 1_000_000)
    }

    private static func error(_ name: String, _ reason: String) -> QueryError {
        QueryError("unable to parse param '\(name)': \(reason)")
    }
}
