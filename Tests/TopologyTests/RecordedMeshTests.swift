import TestSupport
import Testing
import Topology
import TraceModel

@Suite struct RecordedMeshTests {
    @Test(arguments: RecordedMesh.folders)
    func `calls, versions and errors of recorded traffic are counted exactly`(folder: String) throws {
        let mesh = try RecordedMesh(folder)
        var count = CallCount()
        count.add(mesh.records(&count.names))
        #expect(count.edges == mesh.truth.edges)
        #expect(count.versionEdges == mesh.truth.versionEdges)
        let operations = count.series.filter { $0.key.kind == .operation }
        #expect(operations.reduce(0) { $0 + $1.value.callCount } == mesh.truth.spans.count)
        for version in mesh.truth.versions {
            var served = CallTotals()
            for (series, totals) in operations
            where series.spanKind == .server && count.names.text(series.callee.serviceName) == version.service
                && count.names.text(series.callee.version) == version.version
            {
                served.merge(totals)
            }
            #expect(served.callCount == version.serverSpans, "\(version)")
            #expect(served.errorCount == version.errors, "\(version)")
            #expect(served.clientDurations.sum == version.durationUs.sum * 1000, "\(version)")
        }
        let orphanCount = count.series.filter { $0.key.kind == .orphan }.reduce(0) { $0 + $1.value.callCount }
        #expect(orphanCount == mesh.truth.spans.parentNotInTrace)
    }

    @Test(arguments: RecordedMesh.folders)
    func `neither order nor repetition nor the way of batches changes anything`(folder: String) throws {
        let mesh = try RecordedMesh(folder)
        var count = CallCount()
        let records = mesh.records(&count.names)
        count.add(records)
        let expected = count.counter.buckets
        var random = SeededGenerator(seed: 5)
        for variant in [
            records.reversed(), records.shuffled(using: &random), records + records.shuffled(using: &random),
        ] {
            var other = CallCounter()
            var variant = variant
            other.add(&variant, count.names)
            #expect(other.buckets == expected)
        }
        var inParts = CallCounter()
        for trace in Dictionary(grouping: records, by: \.traceIDLow).values {
            var trace = trace
            inParts.add(&trace, count.names)
        }
        #expect(inParts.buckets == expected)
        var extractor = CallExtractor()
        var (other, split) = (CallCount(), [CallRecord]())
        for batch in mesh.batches.reversed() {
            var builder = SpanBatchBuilder()
            for span in batch.spans {
                builder.removeAll()
                span.copy(to: &builder)
                extractor.append(builder.makeBatch(), to: &split, &other.names)
            }
        }
        other.add(split)
        #expect(other.everything == count.everything)
    }
}

extension SpanView {
    /// Adds the span to a batch, without the attributes that `isLeftOut` says.
    func copy(to builder: inout SpanBatchBuilder, without isLeftOut: (UnsafeRawBufferPointer) -> Bool = { _ in false })
    {
        builder.beginSpan()
        (builder.traceID, builder.spanID, builder.parentID) = (traceID, spanID.value, parentID?.value ?? 0)
        builder.start = start ?? SpanBatch.absentTime
        builder.duration = duration ?? SpanBatch.absentTime
        builder.serviceName = builder.intern(serviceName)
        builder.operationName = builder.intern(operationName)
        builder.traits = traits
        forEachValue { column, value in
            switch (column.role, value) {
            case (.attribute, .string(let text)):
                let key = batch.string(column.key)
                if !isLeftOut(key) { builder.addAttribute(key: builder.intern(key), string: builder.intern(text)) }
            case (.field, .string(let bytes)), (.field, .bytes(let bytes)), (.field, .map(let bytes)):
                guard let field = column.field else { return }
                builder.setField(field, reference: builder.intern(bytes))
            case (.field, .int(let number)):
                guard let field = column.field else { return }
                builder.setField(field, int: number)
            default: break
            }
        }
        builder.endSpan()
    }
}
