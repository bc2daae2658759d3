import FoundationEssentials
import TestSupport

/// Posts of real sidecars, and what a collector must know after them: `Tests/Fixtures/README.md`.
///
/// Every timestamp is moved by the same time, so that the traffic ends ten seconds ago; nothing else is changed.
struct RecordedTraffic {
    struct Truth: Decodable {
        struct Spans: Decodable {
            let count: Int
            let byService: [String: Int]
        }

        struct Trace: Decodable {
            let traceId: String
            let spans: Int
        }

        let posts: Int
        let spans: Spans
        let traces: [Trace]
    }

    /// The bodies, in the order of arrival.
    let bodies: [[UInt8]]
    let spansByTrace: [String: [ZipkinSpan]]
    let truth: Truth

    init(_ folder: String) throws {
        let path = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/Fixtures/\(folder)"
        let packed = try Data(contentsOf: URL(filePath: path + "/posts.jsonl.gz"))
        let recorded = try Gzip.unpacked(Array(packed)).split(separator: 10).map { Array($0) }
        let newest = try recorded.flatMap { try ZipkinSpan.decodeList($0) }.map {
            ($0.timestamp ?? 0) + ($0.duration ?? 0)
        }.max()
        let shift = TimeWindow.nowMicroseconds - 10_000_000 - (newest ?? 0)
        bodies = recorded.map { Self.shiftTimestamps(of: $0, by: shift) }
        spansByTrace = Dictionary(grouping: try bodies.flatMap { try ZipkinSpan.decodeList($0) }, by: \.traceId)
        truth = try JSONDecoder().decode(Truth.self, from: try Data(contentsOf: URL(filePath: path + "/truth.json")))
    }

    private static func shiftTimestamps(of body: [UInt8], by shift: Int64) -> [UInt8] {
        let mark = #""timestamp":"#
        let parts = String(decoding: body, as: UTF8.self).split(separator: mark, omittingEmptySubsequences: false)
        var shifted = String(parts[0])
        for part in parts.dropFirst() {
            let digits = part.prefix { $0.isNumber }
            shifted += mark + String((Int64(digits) ?? 0) + shift) + part[digits.endIndex...]
        }
        return Array(shifted.utf8)
    }
}
