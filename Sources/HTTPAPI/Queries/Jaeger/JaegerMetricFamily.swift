internal import Bytes
internal import NetworkServer
internal import Topology
internal import TraceModel
internal import WireFormats

/// One answer to Jaeger's Monitor: a measure of services or of their operations, step by step.
///
/// What is done for a proxy's copy of a request is left out: it serves no user. A step without calls has a rate of 0
/// if the service was called before and after it, and otherwise, like durations and errors of no calls, no point.
struct JaegerMetricFamily {
    enum Measure: Equatable {
        /// Milliseconds.
        case latencies(quantile: Double)
        /// Calls a second.
        case calls
        /// Failed calls, as a part of all.
        case errors
    }

    struct Metric: Equatable {
        var serviceName: String
        /// Nil if operations are not told apart.
        var operationName: String?
        var points: [Point] = []
    }

    struct Point: Equatable {
        /// When the step begins, in nanoseconds since 1970.
        var time: Int64
        var value: Double
    }

    private struct Step {
        var callCount = 0
        var errorCount = 0
        var durations = DurationSketch()

        mutating func add(_ other: OperationTotals.Step) {
            callCount += other.callCount
            errorCount += other.errorCount
            durations.merge(other.durations)
        }
    }

    /// Nobody draws more steps; gaps within longer times stay gaps.
    private static let filledCountMax: Int64 = 1000

    let measure: Measure
    let groupsByOperation: Bool
    private(set) var metrics: [Metric] = []

    /// - Parameter now: nanoseconds since 1970. Of the step that is under way the calls are divided by the part of it
    ///   that has passed.
    init(_ measure: Measure, _ asked: JaegerMetricsParameters, _ operations: [OperationTotals], now: Int64) {
        self.measure = measure
        groupsByOperation = asked.groupsByOperation
        let step = asked.stepSeconds * 1_000_000_000
        let (earliest, end) = (max(0, asked.window.lowerBound - step), min(asked.window.upperBound, now))
        for serviceName in asked.serviceNames {
            let own = operations.filter {
                !$0.isMirrored && asked.spanKinds.contains($0.spanKind) && $0.isOf(service: serviceName)
            }
            let groups = groupsByOperation ? Dictionary(grouping: own) { $0.operationName } : ["": own]
            for (name, totals) in groups.sorted(by: { $0.key < $1.key }) {
                var steps: [Int64: Step] = [:]
                for counted in totals.lazy.flatMap(\.steps) where counted.start >= earliest && counted.start < end {
                    steps[counted.start, default: Step()].add(counted)
                }
                let points = points(of: steps, step: step, now: now)
                guard !points.isEmpty else { continue }
                metrics.append(
                    Metric(
                        serviceName: serviceName, operationName: groupsByOperation ? name : nil, points: points))
            }
        }
    }

    private func points(of steps: [Int64: Step], step: Int64, now: Int64) -> [Point] {
        guard let first = steps.keys.min(), let last = steps.keys.max() else { return [] }
        switch measure {
        case .calls:
            let isFilled = (last - first) / step <= Self.filledCountMax
            let starts =
                isFilled ? Array(stride(from: first, through: last, by: Int64.Stride(step))) : steps.keys.sorted()
            return starts.map { start in
                let passed = Double(min(step, now - start)) / 1e9
                // Of less than a second one cannot say how many a second are.
                return Point(time: start, value: Double(steps[start]?.callCount ?? 0) / max(passed, 1))
            }
        case .errors:
            return steps.sorted { $0.key < $1.key }.filter { $0.value.callCount > 0 }.map { start, counted in
                Point(time: start, value: Double(counted.errorCount) / Double(counted.callCount))
            }
        case .latencies(let quantile):
            return steps.sorted { $0.key < $1.key }.compactMap { start, counted in
                counted.durations.quantile(quantile).map { Point(time: start, value: Double($0) / 1e6) }
            }
        }
    }

    // MARK: Answer

    private var name: String {
        let name =
            switch measure {
            case .latencies: "latencies"
            case .calls: "call_rate"
            case .errors: "error_rate"
            }
        return (groupsByOperation ? "service_operation_" : "service_") + name
    }

    private var help: String {
        let help =
            switch measure {
            case .latencies(let quantile): "latency in milliseconds at the quantile \(quantile)"
            case .calls: "calls a second"
            case .errors: "failed calls as a part of all"
            }
        return help + (groupsByOperation ? ", by service and operation" : ", by service")
    }

    func response(isPretty: Bool) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"name\":")
        writer.writeJSONString(name)
        writer.write(",\"type\":\"GAUGE\",\"help\":")
        writer.writeJSONString(help)
        writer.write(",\"metrics\":")
        writer.writeList(metrics) { writer, metric in
            writer.write("{\"labels\":[{\"name\":\"service_name\",\"value\":")
            writer.writeJSONString(metric.serviceName)
            if let operationName = metric.operationName {
                writer.write("},{\"name\":\"operation\",\"value\":")
                writer.writeJSONString(operationName)
            }
            writer.write("}],\"metricPoints\":")
            writer.writeList(metric.points) { writer, point in
                writer.write("{\"gaugeValue\":{\"doubleValue\":")
                writer.write(Array("\(point.value)".utf8))
                writer.write("},\"timestamp\":")
                writer.writeJSONString(RFC3339.text(point.time, hasFraction: false))
                writer.write("}")
            }
            writer.write("}")
        }
        writer.write("}")
        return .json(isPretty ? JSONIndenter.indented(writer.bytes) : writer.bytes)
    }
}

extension OperationTotals {
    /// Also by the name that a mesh gives it: `service.namespace`.
    fileprivate func isOf(service asked: String) -> Bool {
        serviceName == asked || !namespace.isEmpty && asked == "\(serviceName).\(namespace)"
    }
}
