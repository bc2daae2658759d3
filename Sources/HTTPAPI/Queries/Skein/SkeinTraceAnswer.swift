internal import Bytes
internal import NetworkServer
internal import TraceModel
internal import WireFormats

/// A trace to be drawn: what is known of the whole, and those rows of the drawing that are in sight. Of a trace with a
/// million spans so few are told that a page can show it.
struct SkeinTraceAnswer {
    private let outline: TraceOutline
    /// Nanoseconds since 1970.
    private let start: Int64
    private let end: Int64

    /// Parts of the trace's time for which spans are counted.
    private static let bucketCount = 100

    init(_ outline: TraceOutline) {
        self.outline = outline
        var start = Int64.max
        var end = Int64.min
        for place in 0..<outline.count where outline.starts[place] != SpanBatch.absentTime {
            start = min(start, outline.starts[place])
            end = max(end, Self.end(of: place, outline))
        }
        self.start = start == .max ? 0 : start
        self.end = start == .max ? 0 : end
    }

    private static func end(of place: Int, _ outline: TraceOutline) -> Int64 {
        // Some spans end before they start, and the absent time is less than any.
        outline.starts[place].addingClamped(max(0, outline.durations[place]))
    }

    private func isError(_ place: Int) -> Bool { outline.traits(place).isFailure }

    /// - Parameter rows: which of the drawing.
    func response(_ rows: SkeinQueryParameters.Rows) -> HTTPResponse {
        let parents = outline.parentPlaces()
        let depths = outline.depths(parents)
        var writer = ByteWriter()
        writer.write("{\"traceID\":")
        writer.writeJSONString(outline.traceID.description)
        writer.write(",\"startTimeUnixNano\":\"")
        writer.writeNumber(start)
        writer.write("\",\"durationNanos\":")
        writer.writeNumber(end.subtractingClamped(start))
        writer.write(",\"spanCount\":")
        writer.writeNumber(outline.count)
        writer.write(",\"errorCount\":")
        writer.writeNumber((0..<outline.count).count(where: isError))
        writer.write(",\"orphanCount\":")
        writer.writeNumber(parents.indices.count { parents[$0] < 0 && outline.parentIDs[$0] != 0 })
        writer.write(",\"depth\":")
        writer.writeNumber((depths.max() ?? -1) + 1)
        let services = appendServices(to: &writer)
        appendBuckets(to: &writer)
        appendRows(rows, parents, depths, services, to: &writer)
        writer.write("}")
        return .json(writer.bytes)
    }

    /// Writes the services, by name, and gives the place of each.
    private func appendServices(to writer: inout ByteWriter) -> [[UInt8]: Int] {
        var counts: [[UInt8]: (spans: Int, errors: Int)] = [:]
        var byGroup = [(spans: Int, errors: Int)](repeating: (0, 0), count: outline.groups.count)
        for place in 0..<outline.count {
            byGroup[Int(outline.groupNumbers[place])].spans += 1
            if isError(place) { byGroup[Int(outline.groupNumbers[place])].errors += 1 }
        }
        for (group, count) in zip(outline.groups, byGroup) {
            let known = counts[group.serviceName] ?? (0, 0)
            counts[group.serviceName] = (known.spans + count.spans, known.errors + count.errors)
        }
        let names = counts.keys.sorted { $0.lexicographicallyPrecedes($1) }
        writer.write(",\"services\":")
        writer.writeList(names) { writer, name in
            writer.write("{\"name\":")
            writer.writeJSONString(String(decoding: name, as: UTF8.self))
            writer.write(",\"spanCount\":")
            writer.writeNumber(counts[name]?.spans ?? 0)
            writer.write(",\"errorCount\":")
            writer.writeNumber(counts[name]?.errors ?? 0)
            writer.write("}")
        }
        return Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
    }

    /// How many spans start in each part of the trace's time.
    private func appendBuckets(to writer: inout ByteWriter) {
        var buckets = [(spans: Int, errors: Int)](repeating: (0, 0), count: Self.bucketCount)
        let length = Double(max(1, end.subtractingClamped(start)))
        for place in 0..<outline.count where outline.starts[place] != SpanBatch.absentTime {
            let share = Double(outline.starts[place].subtractingClamped(start)) / length
            let bucket = min(Self.bucketCount - 1, max(0, Int(share * Double(Self.bucketCount))))
            buckets[bucket].spans += 1
            if isError(place) { buckets[bucket].errors += 1 }
        }
        writer.write(",\"buckets\":")
        writer.writeList(buckets) { writer, bucket in
            writer.write("{\"spanCount\":")
            writer.writeNumber(bucket.spans)
            writer.write(",\"errorCount\":")
            writer.writeNumber(bucket.errors)
            writer.write("}")
        }
    }

    private func appendRows(
        _ rows: SkeinQueryParameters.Rows, _ parents: [Int32], _ depths: [Int32], _ services: [[UInt8]: Int],
        to writer: inout ByteWriter
    ) {
        let order = outline.drawingOrder(parents)
        var childCounts = [Int32](repeating: 0, count: outline.count)
        for parent in parents where parent >= 0 { childCounts[Int(parent)] += 1 }
        var offset = min(rows.offset, order.count)
        if let span = rows.span, let row = order.firstIndex(where: { outline.spanIDs[Int($0)] == span.value }) {
            // In the middle of what is shown.
            offset = max(0, row - rows.limit / 2)
        }
        writer.write(",\"rows\":{\"offset\":")
        writer.writeNumber(offset)
        writer.write(",\"spans\":")
        writer.writeList(order[offset...].prefix(rows.limit)) { writer, number in
            let place = Int(number)
            writer.write("{\"spanID\":\"")
            writer.write(Array(Hex.string(outline.spanIDs[place]).utf8))
            writer.write("\",\"depth\":")
            writer.writeNumber(depths[place])
            writer.write(",\"childCount\":")
            writer.writeNumber(childCounts[place])
            writer.write(",\"service\":")
            writer.writeNumber(services[outline.serviceName(place)] ?? 0)
            writer.write(",\"operation\":")
            writer.writeJSONString(String(decoding: outline.operationName(place), as: UTF8.self))
            writer.write(",\"kind\":")
            writer.writeJSONString(outline.traits(place).kind.jaegerName ?? "unspecified")
            writer.write(",\"startNanos\":")
            let hasStart = outline.starts[place] != SpanBatch.absentTime
            writer.writeNumber(hasStart ? outline.starts[place].subtractingClamped(start) : 0)
            writer.write(",\"durationNanos\":")
            // None, or one that ends before it starts.
            writer.writeNumber(max(0, outline.durations[place]))
            writer.write(isError(place) ? ",\"isError\":true}" : ",\"isError\":false}")
        }
        writer.write("}")
    }
}
