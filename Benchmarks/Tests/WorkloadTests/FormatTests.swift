import Foundation
import Testing

@testable import Workload

@Suite struct FormatTests {
    private func workload(_ profile: WorkloadProfile, _ format: SpanFormat, batch: Int = 20) -> Workload {
        Workload(
            WorkloadConfiguration(
                profile: profile, seed: 7, spanCount: 1_500, spansPerPost: batch, lastStart: 1_790_000_000_000_000,
                format: format))
    }

    private func bodies(_ workload: Workload) -> [(post: Post, body: [UInt8])] {
        let stream = workload.posts()
        var body: [UInt8] = []
        var result: [(post: Post, body: [UInt8])] = []
        while let post = stream.next(into: &body) { result.append((post, body)) }
        return result
    }

    private func decode(_ body: [UInt8], _ format: SpanFormat) throws -> [DecodedSpan] {
        switch format {
        case .zipkinJSON: try JSONDecoder().decode([PostedSpan].self, from: Data(body)).map(DecodedSpan.init)
        case .zipkinProtobuf: try SpanDecoders.zipkinProtobuf(body)
        case .otlpProtobuf: try SpanDecoders.otlpProtobuf(body)
        case .otlpJSON: try SpanDecoders.otlpJSON(body)
        case .jaegerThrift: try SpanDecoders.jaegerThrift(body)
        }
    }

    @Test(arguments: WorkloadProfile.allCases, SpanFormat.allCases)
    func `every format has the same spans in the same posts`(profile: WorkloadProfile, format: SpanFormat) throws {
        let reference = bodies(workload(profile, .zipkinJSON))
        let posts = bodies(workload(profile, format))
        #expect(posts.count == reference.count)
        for (post, expected) in zip(posts, reference) {
            #expect(post.post.spanCount == expected.post.spanCount && post.post.sender == expected.post.sender)
            let spans = try decode(post.body, format).sorted { $0.id < $1.id }
            let sent = try decode(expected.body, .zipkinJSON).sorted { $0.id < $1.id }
            try #require(spans.count == sent.count)
            for (span, other) in zip(spans, sent) {
                var (bare, otherBare) = (span, other)
                (bare.tags, otherBare.tags) = ([:], [:])
                #expect(bare == otherBare)
                for (key, value) in other.tags {
                    // Jaeger says only that there was an error.
                    let expected = format == .jaegerThrift && key == "error" ? "true" : value
                    #expect(span.tags[key] == expected, "\(key) of span \(span.id)")
                }
            }
        }
    }

    @Test(arguments: [
        (WorkloadProfile.mesh, SpanFormat.zipkinProtobuf, UInt64(2_595_997_367_000_746_818)),
        (.mesh, .otlpProtobuf, 14_368_372_709_665_767_587),
        (.mesh, .otlpJSON, 2_697_640_121_652_886_889),
        (.mesh, .jaegerThrift, 7_143_967_688_653_991_179),
        (.wide, .zipkinProtobuf, 11_935_258_253_551_444_682),
        (.wide, .otlpProtobuf, 12_342_520_914_501_498_635),
        (.wide, .otlpJSON, 67_044_049_171_445_866),
        (.wide, .jaegerThrift, 16_530_904_728_434_500_162),
    ])
    func `posts are the same on every machine`(profile: WorkloadProfile, format: SpanFormat, expected: UInt64) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for (_, body) in bodies(workload(profile, format)) {
            for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        #expect(hash == expected)
    }

    @Test func `an SDK's post has one resource, and the spans of each scope together`() throws {
        for (_, body) in bodies(workload(.wide, .otlpProtobuf, batch: 100)) {
            let resources = try ProtobufFields(body).messages(1)
            #expect(resources.count == 1)
            let scopes = try resources[0].messages(2).map { try $0.messages(1)[0].text(1) }
            #expect(Set(scopes).count == scopes.count)
            #expect(try resources[0].messages(1)[0].messages(1).count == 18, "17 of the process, and the service")
        }
    }

    @Test func `a constant field is its key, length and bytes`() {
        #expect(Piece.constant(ProtobufPieces.field(5, "get")) == [0x2A, 3, 0x67, 0x65, 0x74])
        #expect(Piece.constant(ProtobufPieces.field(15, constant: 300)) == [0x78, 0xAC, 0x02])
        #expect(ProtobufPieces.head(1, byteCount: 20_000) == [0x0A, 0xA0, 0x9C, 0x01])
    }

    @Test(arguments: [(LengthForm.varint1, 3), (.varint1, 200), (.varint2, 3), (.varint2, 200), (.varint1, 20_000)])
    func `a length takes the bytes that it needs`(form: LengthForm, count: Int) throws {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 32_768)
        defer { memory.deallocate() }
        var cursor = ByteCursor(memory)
        cursor.byte(0x0A)
        let opening = cursor.open(form)
        for index in 0..<count { cursor.byte(UInt8(truncatingIfNeeded: index)) }
        cursor.close(opening)
        cursor.byte(0x10)
        cursor.byte(9)
        let written = Array(UnsafeBufferPointer(start: memory, count: cursor.position - memory))
        let fields = try ProtobufFields(written)
        #expect(fields.bytes(1) == (0..<count).map { UInt8(truncatingIfNeeded: $0) })
        #expect(fields.number(2) == 9)
    }

    @Test func `tags above spans are those of process and scope`() {
        #expect(workload(.wide, .zipkinProtobuf).tagsAboveSpans.isEmpty)
        #expect(workload(.wide, .otlpJSON).tagsAboveSpans.count == 19)
        #expect(workload(.wide, .jaegerThrift).tagsAboveSpans.count == 19)
        #expect(workload(.mesh, .otlpProtobuf).tagsAboveSpans.isEmpty)
    }

    @Test func `a stream that is finished early gives the rest of the traces that it has begun`() throws {
        let workload = workload(.mesh, .zipkinJSON, batch: 5)
        let stream = workload.posts()
        var (body, spans): ([UInt8], [String: Int]) = ([], [:])
        var postCount = 0
        while stream.next(into: &body) != nil {
            for span in try decode(body, .zipkinJSON) { spans[span.traceID, default: 0] += 1 }
            postCount += 1
            if postCount == 100 { stream.finish() }
        }
        let part = workload.prefix(traceCount: stream.nextTrace)
        #expect(part.traceCount < workload.traceCount && spans.values.reduce(0, +) == part.spanCount)
        for index in 0..<part.traceCount {
            let truth = part.truth(ofTrace: index)
            #expect(spans[truth.traceID] == truth.spans.count)
        }
    }
}

extension DecodedSpan {
    fileprivate init(_ span: PostedSpan) {
        self.init(
            traceID: span.traceId, id: span.id, parentID: span.parentId ?? "", name: span.name, kind: span.kind ?? "",
            service: span.localEndpoint.serviceName, start: span.timestamp, duration: span.duration,
            eventTimes: (span.annotations ?? []).map(\.timestamp), tags: span.tags, isError: span.tags["error"] != nil)
    }
}
