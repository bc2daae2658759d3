import Testing

@testable import TraceModel

@Suite struct KnownAttributeTests {
    /// Adds an attribute the short way where the builder knows it, and tells how.
    private func add(_ key: String, _ value: String, to builder: inout SpanBatchBuilder, isAsSent: Bool = true)
        -> String
    {
        let room = [UInt8](repeating: UInt8(ascii: "~"), count: 32)
        let keyBytes = Array(key.utf8) + room
        let valueBytes = Array(value.utf8) + [UInt8(ascii: "|")] + room
        let outcome = keyBytes.withUnsafeBytes { key8 in
            valueBytes.withUnsafeBytes { value8 -> SpanBatchBuilder.KnownAttribute in
                guard let key8 = key8.baseAddress, let start = value8.baseAddress else { return .nothing }
                return builder.addKnownAttribute(
                    key: key8, keyByteCount: key.utf8.count, value: start, readable: value8.count,
                    end: UInt8(ascii: "|"))
            }
        }
        switch outcome {
        case .added(let count):
            #expect(count == value.utf8.count)
            return "added"
        case .key(let place):
            builder.addAttribute(place: place, string: intern(value, &builder), isAsSent: isAsSent)
            return "key"
        case .nothing:
            builder.addAttribute(key: intern(key, &builder), string: intern(value, &builder))
            return "nothing"
        }
    }

    private func intern(_ text: String, _ builder: inout SpanBatchBuilder) -> UInt32 {
        Array(text.utf8).withUnsafeBytes { builder.intern($0) }
    }

    private func attributes(_ batch: SpanBatch, _ row: Int) -> [String] {
        PlainSpan(SpanView(batch: batch, row: row)).attributes.map { "\($0.key)=\($0.value)" }
    }

    @Test func `a key's last two values are known, and others are not`() {
        var builder = SpanBatchBuilder()
        var outcomes: [String] = []
        for value in ["a", "b", "a", "b", "c", "a", "b", ""] {
            builder.beginSpan()
            outcomes.append(add("key", value, to: &builder))
            builder.endSpan()
        }
        #expect(outcomes == ["key", "key", "added", "added", "key", "key", "key", "key"])
        let batch = builder.makeBatch()
        #expect(batch.shapeCount == 1 && batch.spanCount == 8)
    }

    @Test func `a value that only begins like a known one is another`() {
        var builder = SpanBatchBuilder()
        let long = String(repeating: "0123456789", count: 20)
        builder.beginSpan()
        #expect(add("key", long, to: &builder) == "key")
        builder.endSpan()
        for other in [long + "x", String(long.dropLast()), String(long.dropLast()) + "x", "x" + long.dropFirst()] {
            builder.beginSpan()
            #expect(add("key", other, to: &builder) == "key")
            builder.endSpan()
        }
    }

    @Test func `what was not as sent is not expected again`() {
        var builder = SpanBatchBuilder()
        for _ in 0..<3 {
            builder.beginSpan()
            #expect(add("key", "value", to: &builder, isAsSent: false) == "key")
            builder.endSpan()
        }
    }

    @Test func `a key whose values never come again is no longer compared`() {
        var builder = SpanBatchBuilder()
        for value in 0..<20 {
            builder.beginSpan()
            #expect(add("key", "\(value)", to: &builder) == "key")
            builder.endSpan()
        }
        builder.beginSpan()
        #expect(add("key", "19", to: &builder) == "key")
        builder.endSpan()
    }

    @Test func `more keys than there are places make the same spans`() {
        var builder = SpanBatchBuilder()
        let keys = (0..<200).map { "key \($0)" }
        for _ in 0..<2 {
            builder.beginSpan()
            for key in keys { _ = add(key, key, to: &builder) }
            builder.endSpan()
            builder.beginSpan()
            for key in keys.reversed() { _ = add(key, key, to: &builder) }
            #expect(builder.attributeCount == 200)
            builder.endSpan()
        }
        let batch = builder.makeBatch()
        #expect(batch.shapeCount == 1)
        for row in 0..<4 { #expect(attributes(batch, row).count == 200) }
    }

    @Test func `of equal keys the last counts, however they were added`() {
        var builder = SpanBatchBuilder()
        builder.beginSpan()
        _ = add("a", "1", to: &builder)
        _ = add("b", "2", to: &builder)
        _ = add("a", "3", to: &builder)
        builder.addAttribute(key: intern("b", &builder), int: 4)
        _ = add("b", "5", to: &builder)
        builder.addAttribute(key: intern("a", &builder), int: 6)
        #expect(builder.attributeCount == 6)
        builder.endSpan()
        builder.beginSpan()
        builder.addAttribute(key: intern("b", &builder), string: intern("5", &builder))
        builder.addAttribute(key: intern("a", &builder), int: 6)
        builder.endSpan()
        let batch = builder.makeBatch()
        #expect(batch.shapeCount == 1 && attributes(batch, 0).count == 2)
        #expect(attributes(batch, 0) == attributes(batch, 1))
    }

    @Test func `a key that was a value before stands in its place`() {
        var builder = SpanBatchBuilder()
        builder.beginSpan()
        _ = add("x", "later a key", to: &builder)
        _ = add("y", "1", to: &builder)
        _ = add("later a key", "2", to: &builder)
        builder.endSpan()
        builder.beginSpan()
        for (key, value) in [("later a key", "2"), ("y", "1"), ("x", "later a key")] {
            builder.addAttribute(key: intern(key, &builder), string: intern(value, &builder))
        }
        builder.endSpan()
        let batch = builder.makeBatch()
        #expect(batch.shapeCount == 1 && attributes(batch, 0) == attributes(batch, 1))
    }

    @Test func `nothing of a batch is known in the next`() {
        var builder = SpanBatchBuilder()
        for _ in 0..<2 {
            builder.beginSpan()
            #expect(add("key", "value", to: &builder) == "key")
            builder.endSpan()
            builder.removeAll()
        }
    }
}
