import TestSupport
import Testing

@testable import TraceModel

/// Images that are damaged, or were never images.
@Suite struct SpanBatchImageTests {
    private func smallImage(seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var builder = SpanBatchBuilder()
        for _ in 0..<2 { PlainSpan.random(&random).add(to: &builder) }
        return builder.makeBatch().image
    }

    /// Reads all that can be read; false if the image is refused.
    private func readAll(_ image: [UInt8]) -> Bool {
        guard let batch = try? SpanBatch.read(image) else { return false }
        for span in batch.spans { _ = PlainSpan(span) }
        for number in 0..<batch.stringCount { _ = batch.text(UInt32(number)) }
        for index in 0..<batch.shapeCount { _ = batch.shape(index).valueWordCount }
        return true
    }

    @Test(arguments: [1] as [UInt64])
    func `every flipped bit is refused or stays within bounds`(seed: UInt64) {
        let image = smallImage(seed: seed)
        #expect(readAll(image))
        var refusedCount = 0
        for place in image.indices {
            for bit in 0..<8 {
                var damaged = image
                damaged[place] ^= 1 << UInt8(bit)
                if !readAll(damaged) { refusedCount += 1 }
            }
        }
        #expect(refusedCount > 0)
    }

    @Test(arguments: [3] as [UInt64])
    func `every byte set to an extreme is refused or stays within bounds`(seed: UInt64) {
        let image = smallImage(seed: seed)
        for place in image.indices {
            for value in [0x00, 0x7f, 0x80, 0xff] as [UInt8] {
                var damaged = image
                damaged[place] = value
                _ = readAll(damaged)
            }
        }
    }

    @Test func `every word set to an extreme is refused or stays within bounds`() {
        let image = smallImage(seed: 5)
        for place in stride(from: 0, to: image.count - 3, by: 4) {
            for value in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32] {
                var damaged = image
                withUnsafeBytes(of: value.littleEndian) { damaged.replaceSubrange(place..<place + 4, with: $0) }
                _ = readAll(damaged)
            }
        }
    }

    @Test func `every cut and every added byte is refused`() {
        let image = smallImage(seed: 6)
        for end in 0..<image.count { #expect(!readAll(Array(image[..<end])), "cut at \(end)") }
        #expect(!readAll(image + [0]))
    }

    @Test(arguments: [7, 8, 9] as [UInt64])
    func `bytes swapped and copied at random are refused or stay within bounds`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let image = smallImage(seed: seed)
        for _ in 0..<1_000 {
            var damaged = image
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let from = Int.random(in: 0..<image.count / 4, using: &random) * 4
                let to = Int.random(in: 0..<image.count / 4, using: &random) * 4
                damaged.replaceSubrange(to..<to + 4, with: image[from..<from + 4])
            }
            _ = readAll(damaged)
        }
    }

    /// An image of one span with its words changed.
    private func refusal(_ change: (inout [UInt8]) -> Void) -> String? {
        var builder = SpanBatchBuilder()
        var span = PlainSpan()
        span.serviceName = "s"
        span.events = [.init(name: "e", time: 1, attributes: [1])]
        span.attributes = [.init(key: "k", value: .string("v"))]
        span.add(to: &builder)
        var image = builder.makeBatch().image
        change(&image)
        do {
            _ = try SpanBatch.read(image)
            return nil
        } catch {
            return (error as? SpanBatchError)?.message
        }
    }

    private func put(_ value: UInt32, at place: Int, _ image: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { image.replaceSubrange(place..<place + 4, with: $0) }
    }

    @Test func `each kind of damage is named`() {
        // One span: shape at 48 + 48, first word at 100; shape starts at 104, shape words at 112, value words after.
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0 = [] } == "0 bytes are no header")
        #expect(refusal { $0[0] = 0 } == "it starts with other bytes")
        #expect(refusal { put(0, at: 8, &$0) } == "no strings")
        #expect(refusal { put(1, at: 96, &$0) } == "span 0 has no shape")
        #expect(refusal { put(1_000, at: 100, &$0) } == "span 0 has too few values")
        #expect(refusal { put(1, at: 104, &$0) } == "shapes of another size")
        #expect(refusal { put(99, at: 112, &$0) } == "shape 0 has an impossible header")
        #expect(refusal { put(SpanTraits.mask + 1, at: 120, &$0) } == "shape 0 has an impossible header")
        #expect(refusal { put(0xffff_ffff, at: 124, &$0) } == "shape 0 has an impossible column")
        #expect(
            refusal { put(SpanColumn(.attribute, key: 0, type: .int).rawValue, at: 124, &$0) }
                == "shape 0 has a part of no event")
    }

    @Test func `every column word is possible or refused`() {
        for role in 0..<8 as Range<UInt32> {
            for type in 0..<16 as Range<UInt32> {
                for key in [0, 1, 16, 17, 255, 256 + 1, SpanColumn.keyMax] as [UInt32] {
                    let column = SpanColumn(rawValue: key | type << 24 | role << 28)
                    guard column.isValid else { continue }
                    #expect(column.type.rawValue == type && column.role.rawValue == role && column.key == key)
                    #expect(column == SpanColumn(column.role, key: key, type: column.type))
                    if role == 1 { #expect(column.field?.valueType == column.type && key <= 17) }
                }
            }
        }
        #expect(!SpanColumn(rawValue: 1 << 31).isValid && !SpanColumn(rawValue: 5 << 28).isValid)
    }
}
