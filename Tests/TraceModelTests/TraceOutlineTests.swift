import TestSupport
import Testing
import TraceModel

@Suite struct TraceOutlineTests {
    private struct Span {
        var id: UInt64
        var parent: UInt64 = 0
        var kind = SpanKind.unspecified
        var isShared = false
        var service = "a"
    }

    private func outline(_ spans: [Span]) -> TraceOutline {
        var outline = TraceOutline(TraceID(high: 0, low: 1))
        for (place, span) in spans.enumerated() {
            var traits = SpanTraits()
            traits.kind = span.kind
            traits.isShared = span.isShared
            var service = span.service
            let group = service.withUTF8 { name in
                outline.group(
                    traits, serviceName: UnsafeRawBufferPointer(name), operationName: UnsafeRawBufferPointer(name))
            }
            outline.append(spanID: span.id, parentID: span.parent, start: Int64(place), duration: 1, group: group)
        }
        return outline
    }

    private func tree(_ spans: [Span]) -> (parents: [Int32], depths: [Int32]) {
        let outline = outline(spans)
        let parents = outline.parentPlaces()
        return (parents, outline.depths(parents))
    }

    @Test func `parents are places, and a parent that never came is none`() {
        let found = tree([Span(id: 7), Span(id: 8, parent: 7), Span(id: 9, parent: 8), Span(id: 5, parent: 99)])
        #expect(found.parents == [-1, 0, 1, -1])
        #expect(found.depths == [0, 1, 2, 0])
    }

    @Test func `a parent may start after its child`() {
        let found = tree([Span(id: 8, parent: 7), Span(id: 7)])
        #expect(found.parents == [1, -1])
        #expect(found.depths == [1, 0])
    }

    @Test func `the server's half of a shared ID is the client's child, and what it called is its own`() {
        let found = tree([
            Span(id: 7, kind: .client), Span(id: 7, kind: .server, isShared: true, service: "b"),
            Span(id: 8, parent: 7, kind: .client, service: "b"), Span(id: 9, parent: 7, service: "a"),
            Span(id: 10, parent: 7, service: "c"),
        ])
        #expect(found.parents == [-1, 0, 1, 0, 1])
        #expect(found.depths == [0, 1, 2, 1, 2])
    }

    @Test func `a cycle is opened at its earliest span`() {
        let found = tree([
            Span(id: 7, parent: 9), Span(id: 8, parent: 7), Span(id: 9, parent: 8), Span(id: 5, parent: 5),
        ])
        #expect(found.parents == [-1, 0, 1, -1])
        #expect(found.depths == [0, 1, 2, 0])
    }

    @Test func `a chain may be as deep as a trace is long`() {
        let count = 50_000
        let found = tree((1...count).map { Span(id: UInt64($0), parent: UInt64($0 - 1)) })
        #expect(found.depths.last == Int32(count - 1))
    }

    @Test func `spans selected keep what they have`() {
        var outline = outline([Span(id: 1), Span(id: 2, parent: 1, service: "b"), Span(id: 3, parent: 2)])
        outline.select([2, 1])
        #expect(outline.spanIDs == [3, 2] && outline.parentIDs == [2, 1] && outline.starts == [2, 1])
        #expect(outline.serviceName(1) == Array("b".utf8))
        outline.truncate(to: 1)
        #expect(outline.count == 1 && outline.durations == [1])
    }

    @Test func `spans with equal content have equal digests, and others have not`() {
        var generator = SpanGenerator(seed: 3)
        let batch = generator.batch(spanCount: 200)
        let spans = Array(batch.spans)
        for a in spans.indices.prefix(40) {
            for b in spans.indices {
                let isEqual = spans[a].hasEqualContent(to: spans[b])
                #expect((spans[a].contentDigest == spans[b].contentDigest) == isEqual)
            }
        }
    }

    @Test func `attributes in another order have the same digest where their order means nothing`() {
        func span(_ keys: [String], isOrdered: Bool) -> SpanView {
            var builder = SpanBatchBuilder()
            builder.beginSpan()
            builder.traits.hasOrderedAttributes = isOrdered
            for key in keys {
                var key = key
                let number = key.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
                builder.addAttribute(key: number, string: number)
            }
            builder.endSpan()
            return SpanView(batch: builder.makeBatch(), row: 0)
        }
        for isOrdered in [false, true] {
            let (a, b) = (span(["x", "y"], isOrdered: isOrdered), span(["y", "x"], isOrdered: isOrdered))
            #expect(a.hasEqualContent(to: b) == !isOrdered)
            #expect((a.contentDigest == b.contentDigest) == !isOrdered)
        }
    }
}
