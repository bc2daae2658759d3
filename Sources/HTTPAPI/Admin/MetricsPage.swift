internal import Bytes
internal import Topology

/// Writes families of metrics as Prometheus' text format 0.0.4 has them.
///
/// Some hundred thousand lines are usual: bytes are put together, not texts.
struct MetricsPage {
    private var writer: ByteWriter

    var bytes: [UInt8] { writer.bytes }

    init(byteCount: Int) { writer = ByteWriter(capacity: byteCount) }

    /// As they stand behind the labels of the series, with a comma before.
    private static let bucketLabels: [[UInt8]] = {
        let seconds = DurationBuckets.bounds.map { "\(Double($0) / 1000)" } + ["+Inf"]
        return seconds.map { Array(",le=\"\($0)\"} ".utf8) }
    }()

    private static let edgePrefix = "traces_service_graph_request_"
    private static let spanPrefix = "traces_spanmetrics_"

    // MARK: Families

    mutating func append(edges: SeriesTable<EdgeKey>) {
        begin(Self.edgePrefix + "total", "counter", "Requests from client to server, mirrored ones left out.")
        for row in edges.rows { line(Self.edgePrefix + "total", row.labels, row.counts.callCount) }
        begin(Self.edgePrefix + "failed_total", "counter", "Of the requests from client to server, those that failed.")
        for row in edges.rows { line(Self.edgePrefix + "failed_total", row.labels, row.counts.errorCount) }
        begin(Self.edgePrefix + "server_seconds", "histogram", "Time that requests took, as the server saw it.")
        for row in edges.rows { histogram(Self.edgePrefix + "server_seconds", row.labels, row.counts.server) }
        begin(Self.edgePrefix + "client_seconds", "histogram", "Time that requests took, as the client saw it.")
        for row in edges.rows { histogram(Self.edgePrefix + "client_seconds", row.labels, row.counts.client) }
    }

    mutating func append(operations: SeriesTable<OperationKey>) {
        begin(
            Self.spanPrefix + "calls_total", "counter",
            "Spans. What did not fail is STATUS_CODE_UNSET, also where a span says STATUS_CODE_OK.")
        for row in operations.rows {
            let errorCount = min(row.counts.errorCount, row.counts.callCount)
            for (status, count) in [("UNSET", row.counts.callCount - errorCount), ("ERROR", errorCount)] {
                line(Self.spanPrefix + "calls_total", row.labels + ",status_code=\"STATUS_CODE_\(status)\"", count)
            }
        }
        begin(
            Self.spanPrefix + "latency", "histogram",
            "Durations of spans in seconds, failed ones among them: without the label status_code.")
        for row in operations.rows { histogram(Self.spanPrefix + "latency", row.labels, row.counts.client) }
    }

    mutating func appendFolded(edges: Int, operations: Int) {
        let name = "skein_metrics_folded_series"
        begin(name, "gauge", "Series that are not told one by one, but summed under the label value (other).")
        line(name, "family=\"service_graph\"", edges)
        line(name, "family=\"spanmetrics\"", operations)
    }

    // MARK: Lines

    private mutating func begin(_ name: String, _ type: String, _ help: String) {
        write("# HELP \(name) \(help)\n# TYPE \(name) \(type)\n")
    }

    private mutating func line(_ name: String, _ labels: String, _ value: Int) {
        write(name)
        writer.write("{")
        write(labels)
        writer.write("} ")
        write(value)
        writer.write("\n")
    }

    private mutating func histogram(_ name: String, _ labels: String, _ durations: DurationBuckets) {
        var start = ByteWriter(capacity: 256)
        start.write(Array("\(name)_bucket{\(labels)".utf8))
        for (place, label) in Self.bucketLabels.enumerated() {
            writer.write(start.bytes)
            writer.write(label)
            write(place < durations.counts.count ? durations.counts[place] : durations.count)
            writer.write("\n")
        }
        write("\(name)_sum{\(labels)} \(Double(durations.sumNanoseconds) / 1e9)\n")
        line(name + "_count", labels, durations.count)
    }

    private mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { writer.write(UnsafeRawBufferPointer($0)) }
    }

    /// Decimal digits.
    private mutating func write(_ value: Int) {
        precondition(value >= 0, "counts are not negative")
        if value < 10 {
            writer.write(UInt8(ascii: "0") + UInt8(value))
        } else {
            write("\(value)")
        }
    }
}
