import Foundation
import Workload

/// What an answer holds: which traces, and how many spans.
struct TraceContent: Equatable {
    /// In hex without zeros at the start.
    var traceIDs: Set<String> = []
    /// nil where the answer does not say.
    var spanCount: Int?

    /// How an API writes its answers.
    enum Form {
        case zipkin, jaeger, otlpJSON, summaries, searchOfTempo, skeinTrace, skeinSearch
        case jaegerChunks, tempoTrace
    }

    /// Counts without decoding: bodies may be large.
    static func read(_ body: [UInt8], _ form: Form) throws -> TraceContent {
        switch form {
        case .zipkin: ids(body, "\"traceId\":\"", isPerSpan: true)
        case .jaeger: ids(body, "\"traceID\":\"", spansBy: "\"operationName\":\"")
        case .otlpJSON: ids(body, "\"traceId\":\"", isPerSpan: true)
        case .summaries: ids(body, "\"traceId\":\"")
        case .searchOfTempo, .skeinSearch: ids(body, "\"traceID\":\"")
        case .skeinTrace: ids(body, "\"traceID\":\"", spansBy: "\"spanID\":\"")
        case .jaegerChunks: try spans(body, [1], traceID: 1)
        case .tempoTrace: try spans(body, [1, 1, 2, 2], traceID: 1)
        }
    }

    /// Whether an answer in JSON holds a trace at all; looks no further than the first.
    static func isAnyTrace(in body: [UInt8]) -> Bool {
        var place = 0
        let (key, other) = (Array("\"traceId\":\"".utf8), Array("\"traceID\":\"".utf8))
        while place + key.count <= body.count {
            if body[place] == key[0] {
                let text = body[place..<(place + key.count)]
                if text.elementsEqual(key) || text.elementsEqual(other) { return true }
            }
            place += 1
        }
        return false
    }

    /// Tempo leaves out zeros at an ID's start.
    static func id(_ text: some StringProtocol) -> String { String(text.drop { $0 == "0" }) }

    private static func ids(
        _ body: [UInt8], _ key: String, isPerSpan: Bool = false, spansBy: String? = nil
    ) -> TraceContent {
        var content = TraceContent()
        var count = 0
        forEach(key, in: body) { place in
            let end = body[place...].prefix(33).firstIndex(of: UInt8(ascii: "\"")) ?? place
            content.traceIDs.insert(id(String(decoding: body[place..<end], as: UTF8.self)))
            count += 1
        }
        if isPerSpan { content.spanCount = count }
        if let spansBy {
            content.spanCount = 0
            forEach(spansBy, in: body) { _ in content.spanCount = (content.spanCount ?? 0) + 1 }
        }
        return content
    }

    /// Gives the place after each occurrence.
    private static func forEach(_ key: String, in body: [UInt8], _ found: (Int) -> Void) {
        let pattern = Array(key.utf8)
        body.withUnsafeBytes { memory in
            guard let base = memory.baseAddress else { return }
            var position = 0
            while position + pattern.count <= memory.count {
                if memory[position] == pattern[0], memcmp(base + position, pattern, pattern.count) == 0 {
                    position += pattern.count
                    found(position)
                } else {
                    position += 1
                }
            }
        }
    }

    private static func spans(_ body: [UInt8], _ path: [UInt64], traceID: UInt64) throws -> TraceContent {
        var content = TraceContent()
        var (count, last) = (0, ArraySlice<UInt8>())
        let isWhole = ProtobufParts.forEach(path[...], in: body[...]) { span in
            count += 1
            _ = ProtobufParts.forEach([traceID], in: span) { id in
                if last == id { return }
                last = id
                let text = id.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
                content.traceIDs.insert(self.id(text))
            }
        }
        guard isWhole else { throw BenchError("an answer that is no message") }
        content.spanCount = count
        return content
    }
}
