import Foundation
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

@Suite struct JaegerDocumentOptionsTests {
    private let span = SampleSpan(
        kind: .server, source: .otlp,
        attributes: [
            ("http.method", .string("GET")), ("http@method", .string("last")), ("bytes", .bytes([1])), ("n", .int(5)),
            ("nan", .double(.nan)),
        ])

    @Test func `attributes named are fields with at signs for dots, of which the last counts`() throws {
        var options = JaegerDocumentOptions()
        options.fieldAttributes = .keys(["http.method", "http@method", "bytes"])
        let document = try encodeDocument(span, options)
        #expect(
            document.contains(
                #""tags":[{"key":"bytes","type":"binary","value":"01"},{"key":"n","type":"int64","value":5},"#
                    + #"{"key":"nan","type":"string","value":"NaN"}],"tag":{"http@method":"last","span@kind":"server"}"#
            ))
    }

    @Test func `all attributes but bytes are fields`() throws {
        var options = JaegerDocumentOptions()
        options.fieldAttributes = .all
        let trace = try RichSpan.trace()
        let document = try encodeDocuments(trace.spans, options).sources[0]
        let raw = #""tags":[{"key":"raw","type":"binary","value":"0102"}],"tag":{"error":true,"map":"#
        #expect(document.contains(raw))
        #expect(document.contains(#""otel@dropped_attributes_count":3,"otel@scope@name":"tracer","#))
        #expect(
            document.hasSuffix(
                #""process":{"serviceName":"shop","tags":[],"tag":{"ports":"[\"a\\\"b\",7,null]","#
                    + #""service@version":"1.2","zone":"resource's"}}}"#))
        #expect(try encodeDocument(span, options).contains(#""nan":"NaN""#))
    }

    @Test func `what is dropped is nowhere, and what is hashed is a hash everywhere`() throws {
        var options = JaegerDocumentOptions()
        options.filter = AttributeFilter(
            droppedKeys: ["map", "span.kind"], hashedKeys: ["zone", "raw", "attempt"], hashKey: Array(0..<16))
        let document = try encodeDocuments(try RichSpan.trace().spans, options).sources[0]
        #expect(!document.contains("map") && !document.contains("kind"))
        #expect(!document.contains("span's") && !document.contains("resource's") && !document.contains("0102\""))
        func hash(_ bytes: [UInt8]) -> String {
            let digits = String(bytes.withUnsafeBytes { SipHash(key: Array(0..<16)).hash($0) }, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        for (key, bytes) in [("zone", Array("span's".utf8)), ("zone", Array("resource's".utf8)), ("raw", [1, 2])] {
            #expect(document.contains(#"{"key":"\#(key)","type":"string","value":"\#(hash(bytes))"}"#))
        }
        #expect(document.contains(#"{"key":"attempt","type":"string","value":"\#(hash(Array("2".utf8)))"}"#))
    }

    @Test func `the hash is SipHash-2-4`() {
        // The first of the vectors that its authors published: the empty text, and the bytes 0 to 14.
        let hash = SipHash(key: Array(0..<16))
        #expect(hash.hash(UnsafeRawBufferPointer(start: nil, count: 0)) == 0x726f_db47_dd0e_0e31)
        #expect(Array<UInt8>(0..<15).withUnsafeBytes { hash.hash($0) } == 0xa129_ca61_49be_45e5)
    }

    @Test(arguments: [
        (IndexNaming(), "jaeger-span-2024-02-29"), (IndexNaming(prefix: "eu"), "eu-jaeger-span-2024-02-29"),
        (IndexNaming(prefix: "eu-", rotation: .hourly), "eu-jaeger-span-2024-02-29-23"),
        (IndexNaming(prefix: "eu", rotation: .rollover), "eu-jaeger-span-write"),
    ])
    func `indices are named by prefix, day or hour, and alias`(naming: IndexNaming, name: String) throws {
        var options = JaegerDocumentOptions()
        options.naming = naming
        // 2024-02-29T23:59:59.999999999Z
        let span = SampleSpan(start: 1_709_251_199_999_999_999)
        #expect(try encodeDocuments(makeTrace([span]).spans, options).indices == [name])
    }

    @Test func `spans of several days go to the index of each`() throws {
        let day: Int64 = 86_400_000_000_000
        let spans = [10, 11, 10, 365].map { SampleSpan(start: Int64($0) * day) }
        #expect(
            try encodeDocuments(makeTrace(spans).spans).indices
                == ["01-11", "01-12", "01-11", "01-01"].enumerated().map {
                    "jaeger-span-\($0.offset < 3 ? 1970 : 1971)-\($0.element)"
                })
    }

    @Test func `all indices of a window are named, the first and the last too`() {
        let day: Int64 = 86_400_000_000_000
        let daily = IndexNaming()
        #expect(
            daily.readTargets("jaeger-span", from: 58 * day + 1, through: 60 * day)
                == ["jaeger-span-1970-02-28", "jaeger-span-1970-03-01", "jaeger-span-1970-03-02"])
        #expect(daily.readTargets("jaeger-span", from: -5, through: -9) == ["jaeger-span-1970-01-01"])
        #expect(
            IndexNaming(rotation: .hourly).readTargets("s", from: 0, through: 3_600_000_000_000)
                == ["s-1970-01-01-00", "s-1970-01-01-01"])
        #expect(IndexNaming(rotation: .rollover).readTargets("s", from: 0, through: day) == ["s-read"])
    }

    @Test func `dates are right for four hundred years`() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC") ?? .current
        for day in stride(from: 0 as Int64, through: 146_097 + 400, by: 13) {
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(day) * 86_400))
            var writer = DocumentWriter()
            writer.writeDate(day: day)
            let digits = text(writer.bytes).split(separator: "-").map { Int($0) }
            #expect(digits == [parts.year, parts.month, parts.day])
        }
    }
}
