import Foundation
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

/// Documents as they stand in a body.
struct BulkLines {
    let indices: [String]
    let ids: [String]
    let sources: [String]

    init(_ body: BulkBody) throws {
        struct Action: Decodable {
            struct Target: Decodable {
                let _index: String
                let _id: String
            }
            let index: Target
        }
        let lines = String(decoding: body.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        try #require(lines.count == 2 * body.documentCount + 1 && lines.last == "")
        let actions = try (0..<body.documentCount).map {
            try JSONDecoder().decode(Action.self, from: Data(lines[2 * $0].utf8)).index
        }
        indices = actions.map(\._index)
        ids = actions.map(\._id)
        sources = (0..<body.documentCount).map { String(lines[2 * $0 + 1]) }
    }
}

func encodeDocuments(
    _ spans: some Sequence<SpanView>, _ options: JaegerDocumentOptions = JaegerDocumentOptions()
) throws -> BulkLines {
    var encoder = JaegerDocumentEncoder(options)
    var body = BulkBody()
    for span in spans { encoder.append(span, to: &body) }
    body.finish()
    return try BulkLines(body)
}

/// The document of one span.
func encodeDocument(_ span: SampleSpan, _ options: JaegerDocumentOptions = JaegerDocumentOptions()) throws -> String {
    try encodeDocuments(makeTrace([span]).spans, options).sources[0]
}

/// What stands in a document between two texts.
func part(_ document: String, from start: String, to end: String) throws -> String {
    let first = try #require(document.range(of: start))
    let last = try #require(document.range(of: end, range: first.upperBound..<document.endIndex))
    return String(document[first.upperBound..<last.lowerBound])
}

/// FNV-1a of 64 bits, byte by byte, as digits.
func plainHash(_ text: String) -> String {
    String(text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
}
