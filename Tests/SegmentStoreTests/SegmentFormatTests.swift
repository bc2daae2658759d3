import TestSupport
import Testing
import TraceModel

@testable import SegmentStore

/// storage/segment-format.md holds the dump of this segment.
@Suite struct SegmentFormatTests {
    /// One request: a client span of the service `shop` and its child, a server span of `cart`, 2 ms later.
    static func exampleSegment() throws -> [UInt8] {
        var builder = SpanBatchBuilder()
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        for isServer in [false, true] {
            builder.beginSpan()
            builder.traceID = TraceID(high: 0x0102_0304_0506_0708, low: 0x1112_1314_1516_1718)
            builder.spanID = isServer ? 0x2122_2324_2526_2728 : 0x1112_1314_1516_1718
            builder.parentID = isServer ? 0x1112_1314_1516_1718 : 0
            builder.start = 1_790_000_000_000_000_000 + (isServer ? 2_000_000 : 0)
            builder.duration = isServer ? 7_000_000 : 10_000_000
            builder.serviceName = intern(isServer ? "cart" : "shop")
            builder.operationName = intern("get")
            builder.traits.kind = isServer ? .server : .client
            builder.addAttribute(key: intern("version"), string: intern("v1"))
            builder.endSpan()
        }
        return try SegmentWriter.encode(
            [builder.makeBatch()], createdAt: 1_790_000_000_500_000_000, options: SegmentOptions()
        ).bytes
    }

    @Test func `the dump in the specification is what is written`() throws {
        let document = try Repository.text(of: "storage/segment-format.md")
        let dump = try #require(document.firstCodeBlock(after: "## A worked example"))
        #expect(HexDump.text(try Self.exampleSegment()) == dump)
    }
}
