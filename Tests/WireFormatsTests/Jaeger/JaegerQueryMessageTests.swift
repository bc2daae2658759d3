import Bytes
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

/// Requests of Jaeger's three gRPC services as clients write them, and answers as they read them.
@Suite struct JaegerQueryMessageTests {
    private func read<Request>(
        _ message: PlainProtobuf, _ decode: (UnsafeRawBufferPointer) throws -> Request
    ) throws -> Request { try message.bytes.withUnsafeBytes(decode) }

    private func time(_ seconds: Int64, _ nanoseconds: UInt64 = 0) -> [UInt8] {
        PlainProtobuf().varint(1, UInt64(bitPattern: seconds)).varint(2, nanoseconds).bytes
    }

    private func query() -> PlainProtobuf {
        PlainProtobuf().text(1, "reviews.bookinfo").text(2, "GET /").bytes(4, time(1_790_000_000))
            .bytes(5, time(1_790_000_060, 5)).bytes(6, time(1, 500_000_000)).bytes(7, time(2)).varint(8, 20)
    }

    private func entry(_ key: String, _ value: String) -> [UInt8] { PlainProtobuf().text(1, key).text(2, value).bytes }

    @Test func `a trace is asked for by 16 bytes, or by hex digits in the third version`() throws {
        let octets = TraceID(high: 1, low: 2).octets
        let old = PlainProtobuf().bytes(1, octets).bytes(2, time(5)).bytes(3, time(6)).varint(4, 1)
        let request = try read(old) { try JaegerQueryV2.GetTraceRequest(decoding: $0) }
        #expect(request.traceID == TraceID(high: 1, low: 2) && request.isRaw)
        #expect(request.range == JaegerTimeRange(start: 5_000_000_000, end: 6_000_000_000))
        let new = try read(PlainProtobuf().text(1, "00ab")) { try JaegerQueryV3.GetTraceRequest(decoding: $0) }
        #expect(new.traceID == "00ab" && !new.isRaw && new.range == JaegerTimeRange())
        let several = PlainProtobuf().bytes(1, PlainProtobuf().bytes(1, octets).bytes)
            .bytes(1, PlainProtobuf().bytes(1, TraceID(high: 0, low: 9).octets).bytes(3, time(7)).bytes)
        let items = try read(several) { try JaegerStorageV2.GetTracesRequest(decoding: $0) }.items
        #expect(items.map(\.traceID) == [TraceID(high: 1, low: 2), TraceID(high: 0, low: 9)])
        #expect(items.map(\.range.end) == [nil, 7_000_000_000])
    }

    @Test func `the beginning of year 1 and a duration of 0 say nothing, as clients in Go send them`() throws {
        let none = time(-62_135_596_800)
        let sent = PlainProtobuf().bytes(4, none).bytes(5, none).bytes(6, []).bytes(7, time(0))
        let query = try read(PlainProtobuf().bytes(1, sent.bytes)) { try JaegerQueryV2.FindTracesRequest(decoding: $0) }
            .query
        #expect(query == JaegerTraceQuery())
        #expect(try read(PlainProtobuf()) { try JaegerQueryV2.FindTracesRequest(decoding: $0) }.query == query)
    }

    @Test func `a search has every clause that was sent`() throws {
        var expected = JaegerTraceQuery()
        expected.serviceName = "reviews.bookinfo"
        expected.operationName = "GET /"
        expected.startMin = 1_790_000_000_000_000_000
        expected.startMax = 1_790_000_060_000_000_005
        expected.durationMin = 1_500_000_000
        expected.durationMax = 2_000_000_000
        expected.limit = 20
        expected.attributes = [.init(key: "b", value: "2"), .init(key: "a", value: "3")]
        expected.isRaw = true
        let sent = query().bytes(3, entry("a", "1")).bytes(3, entry("b", "2")).bytes(3, entry("a", "3")).varint(9, 1)
        let message = PlainProtobuf().bytes(1, sent.bytes)
        #expect(try read(message) { try JaegerQueryV2.FindTracesRequest(decoding: $0) }.query == expected)
        #expect(try read(message) { try JaegerQueryV3.FindTracesRequest(decoding: $0) }.query == expected)
    }

    @Test func `attributes of the storage service are told as text, whatever they are`() throws {
        func value(_ content: PlainProtobuf) -> [UInt8] { PlainProtobuf().text(1, "k").bytes(2, content.bytes).bytes }
        let list = PlainProtobuf().bytes(1, PlainProtobuf().text(1, "a\"").bytes).bytes(
            1, PlainProtobuf().varint(3, 5).bytes
        ).bytes(1, [])
        let map = PlainProtobuf().bytes(
            1, PlainProtobuf().text(1, "m").bytes(2, PlainProtobuf().bytes(5, list.bytes).bytes).bytes)
        let contents = [
            PlainProtobuf().text(1, "text"), PlainProtobuf().varint(2, 1), PlainProtobuf().varint(2, 0),
            PlainProtobuf().varint(3, UInt64(bitPattern: -7)), PlainProtobuf().fixed64(4, (0.5).bitPattern),
            PlainProtobuf().bytes(7, [1, 2]), PlainProtobuf().bytes(5, list.bytes), PlainProtobuf().bytes(6, map.bytes),
            PlainProtobuf(), PlainProtobuf().text(1, "first").varint(3, 9),
        ]
        let sent = contents.reduce(query()) { $0.bytes(3, value($1)) }
        let found = try read(PlainProtobuf().bytes(1, sent.bytes)) {
            try JaegerStorageV2.FindTracesRequest(decoding: $0)
        }.query
        #expect(
            found.attributes.map(\.value) == [
                "text", "true", "false", "-7", "0.5", "AQI=", #"["a\"",5,null]"#, #"{"m":["a\"",5,null]}"#, "", "9",
            ])
        #expect(found.serviceName == "reviews.bookinfo" && !found.isRaw && found.limit == 20)
    }

    @Test func `a filter is never passed over in silence`() throws {
        let third = PlainProtobuf().bytes(1, PlainProtobuf().bytes(10, [8, 1]).bytes)
        #expect(try read(third) { try JaegerQueryV3.FindTracesRequest(decoding: $0) }.query.hasFilter)
        let page = PlainProtobuf().varint(1, 50).text(2, "next").bytes
        let storage = PlainProtobuf().bytes(1, PlainProtobuf().bytes(9, [8, 1]).bytes(10, page).bytes)
        let query = try read(storage) { try JaegerStorageV2.FindTracesRequest(decoding: $0) }.query
        #expect(query.hasFilter && query.pageSize == 50 && query.pageToken == "next" && !query.isRaw)
    }

    @Test func `too many attributes, or values too deep, are refused`() throws {
        let many = (0...1_024).reduce(PlainProtobuf()) { $0.bytes(3, entry("\($1)", "")) }
        #expect(throws: DecodeError.self) {
            try read(PlainProtobuf().bytes(1, many.bytes)) { try JaegerQueryV2.FindTracesRequest(decoding: $0) }
        }
        let deep = (0..<70).reduce(PlainProtobuf()) { inner, _ in
            PlainProtobuf().bytes(5, PlainProtobuf().bytes(1, inner.bytes).bytes)
        }
        let attribute = PlainProtobuf().text(1, "k").bytes(2, deep.bytes)
        let sent = PlainProtobuf().bytes(1, PlainProtobuf().bytes(3, attribute.bytes).bytes)
        #expect(throws: DecodeError.self) { try read(sent) { try JaegerStorageV2.FindTracesRequest(decoding: $0) } }
    }

    @Test func `20,000 random changes never trap`() throws {
        let seed: UInt64 = 9_113
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let sent = PlainProtobuf().bytes(1, query().bytes(3, entry("a", "1")).varint(9, 1).bytes).bytes
        for _ in 0..<20_000 {
            var body = sent
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                body[Int.random(in: 0..<body.count, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            body.withUnsafeBytes { bytes in
                _ = try? JaegerQueryV2.GetTraceRequest(decoding: bytes)
                _ = try? JaegerQueryV3.FindTracesRequest(decoding: bytes)
                _ = try? JaegerStorageV2.FindTracesRequest(decoding: bytes)
                _ = try? JaegerStorageV2.GetTracesRequest(decoding: bytes)
                _ = try? JaegerOperationsRequest(decoding: bytes)
                _ = try? JaegerQueryV2.GetDependenciesRequest(decoding: bytes)
            }
        }
    }

    // MARK: Answers

    private func written(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        write(&writer)
        return writer.bytes
    }

    @Test func `names are listed, the empty one too`() throws {
        let bytes = PlainProtobuf().text(1, "a").text(1, "").bytes
        #expect(written { JaegerQueryV2.appendServices(["a", ""], to: &$0) } == bytes)
        #expect(written { JaegerQueryV3.appendServices(["a", ""], to: &$0) } == bytes)
        #expect(written { JaegerStorageV2.appendServices(["a", ""], to: &$0) } == bytes)
    }

    @Test func `operations have their kinds, and in the second version their names once more`() throws {
        let operations = [JaegerOperation(name: "get", kind: "server"), JaegerOperation(name: "get", kind: "")]
        let first = PlainProtobuf().text(1, "get").text(2, "server").bytes
        let second = PlainProtobuf().text(1, "get").bytes
        #expect(
            written { JaegerQueryV2.appendOperations(operations, to: &$0) }
                == PlainProtobuf().text(1, "get").bytes(2, first).bytes(2, second).bytes)
        let plain = PlainProtobuf().bytes(1, first).bytes(1, second).bytes
        #expect(written { JaegerQueryV3.appendOperations(operations, to: &$0) } == plain)
        #expect(written { JaegerStorageV2.appendOperations(operations, to: &$0) } == plain)
        let request = PlainProtobuf().text(1, "shop").text(2, "client")
        let read = try read(request) { try JaegerOperationsRequest(decoding: $0) }
        #expect(read.serviceName == "shop" && read.kind == "client")
    }

    @Test func `dependencies have a source where there is a place for it`() {
        let link = JaegerDependency(parent: "a", child: "b", callCount: 300, source: "skein")
        let plain = PlainProtobuf().text(1, "a").text(2, "b").varint(3, 300)
        let whole = PlainProtobuf().bytes(1, plain.text(4, "skein").bytes).bytes
        #expect(written { JaegerQueryV2.appendDependencies([link], to: &$0) } == whole)
        #expect(written { JaegerStorageV2.appendDependencies([link], to: &$0) } == whole)
        #expect(
            written { JaegerQueryV3.appendDependencies([link], to: &$0) }
                == PlainProtobuf().bytes(1, plain.bytes).bytes)
    }

    @Test func `found traces and summaries are told by their IDs`() {
        let trace = makeTrace([SampleSpan(id: 1, start: 5_000), SampleSpan(id: 2, parent: 7, status: .error)])
        let summary = TraceSummary(trace)
        let service = PlainProtobuf().text(1, "shop.default").varint(2, 2).varint(3, 1)
        let rest = PlainProtobuf().text(2, "shop.default").text(3, "get /").fixed64(4, 5_000)
            .fixed64(5, 1_790_000_000_123_456_789 + 1_500_999).varint(6, 2).varint(7, 1).varint(8, 1)
            .bytes(9, service.bytes)
        let hex = PlainProtobuf().text(1, "010203040506070809000000000000ff").bytes + rest.bytes
        let binary = PlainProtobuf().bytes(1, trace.traceID.octets).bytes + rest.bytes
        #expect(
            written { JaegerQueryV3.appendSummaries([summary], to: &$0) } == PlainProtobuf().bytes(1, hex).bytes)
        #expect(
            written { JaegerStorageV2.appendSummaries([summary], to: &$0) } == PlainProtobuf().bytes(1, binary).bytes)
        let found = JaegerStorageV2.FoundTraceID(
            traceID: trace.traceID, range: JaegerTimeRange(start: 0, end: -1))
        let item = PlainProtobuf().bytes(1, trace.traceID.octets).bytes(2, [])
            .bytes(3, PlainProtobuf().varint(1, UInt64(bitPattern: -1)).varint(2, 999_999_999).bytes)
        #expect(
            written { JaegerStorageV2.appendTraceIDs([found], nextPageToken: "more", to: &$0) }
                == PlainProtobuf().bytes(1, item.bytes).text(2, "more").bytes)
    }
}
