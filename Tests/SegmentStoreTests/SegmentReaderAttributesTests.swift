import TestSupport
import Testing
import TraceModel

@testable import SegmentStore

@Suite struct SegmentReaderAttributesTests {
    private static let always = Int64.min...Int64.max
    private static let places: [AttributePlace] =
        ["guid", "hex", "number", "text", "few", "same", "mixed", "int", "double", "bool", "map"].map {
            .span(key: Array($0.utf8))
        } + [.resource, .scope, .links, .events]

    private static func segment(spanCount: Int) throws -> [UInt8] {
        var generator = SpanGenerator(seed: 11)
        var options = SegmentOptions()
        options.blockSpanCount = 16
        return try SegmentWriter.encode([generator.batch(spanCount: spanCount)], createdAt: 1, options: options).bytes
    }

    /// All values at the places, in words; nil where damage was reported.
    private func values(_ bytes: [UInt8], serviceName: String? = nil) -> [Set<String>?]? {
        guard let reader = try? SegmentReader(SegmentInMemory(name: "s", bytes: bytes)) else { return nil }
        return Self.places.map { place in
            var values: Set<String> = []
            do {
                try reader.forEachAttributeValue(
                    at: place, within: Self.always, serviceName: serviceName.map { Array($0.utf8) }, isWanted: { true }
                ) { value in
                    switch value {
                    case .string(let bytes), .bytes(let bytes), .array(let bytes), .map(let bytes):
                        values.insert("\(Array(bytes))")
                    default: values.insert("\(value)")
                    }
                    return true
                }
                return values
            } catch {
                return nil
            }
        }
    }

    @Test func `a reader that has enough is given no more`() throws {
        let reader = try SegmentReader(SegmentInMemory(name: "s", bytes: try Self.segment(spanCount: 200)))
        for place in Self.places {
            var count = 0
            try reader.forEachAttributeValue(
                at: place, within: Self.always, serviceName: nil, isWanted: { true }
            ) { _ in
                count += 1
                return false
            }
            #expect(count == 1, "\(place)")
        }
    }

    @Test func `no block is read once nobody wants it`() throws {
        var builder = SpanBatchBuilder()
        func intern(_ text: String) -> UInt32 { Array(text.utf8).withUnsafeBytes { builder.intern($0) } }
        for number in 1...64 as ClosedRange<UInt64> {
            builder.beginSpan()
            builder.traceID = TraceID(high: 0, low: number)
            builder.spanID = number
            builder.serviceName = intern("shop")
            builder.addAttribute(key: intern("k"), string: intern("v\(number % 3)"))
            builder.endSpan()
        }
        var options = SegmentOptions()
        options.blockSpanCount = 16
        let segment = try SegmentWriter.encode([builder.makeBatch()], createdAt: 1, options: options)
        let reader = try SegmentReader(SegmentInMemory(name: "s", bytes: segment.bytes))
        func count(_ isWanted: Bool) throws -> (values: Int, questions: Int) {
            var (values, questions) = (0, 0)
            try reader.forEachAttributeValue(
                at: .span(key: Array("k".utf8)), within: Self.always, serviceName: Array("shop".utf8),
                isWanted: {
                    questions += 1
                    return isWanted
                }
            ) { _ in
                values += 1
                return true
            }
            return (values, questions)
        }
        #expect(try count(true) == (3, 4))
        #expect(try count(false) == (0, 1))
    }

    @Test func `values of all services are those of each`() throws {
        let bytes = try Self.segment(spanCount: 300)
        let all = try #require(values(bytes))
        var parts = [Set<String>](repeating: [], count: all.count)
        for service in ["a.default", "b.default", "", "cé"] {
            for (number, own) in try #require(values(bytes, serviceName: service)).enumerated() {
                parts[number].formUnion(own ?? ["damaged"])
            }
        }
        #expect(parts == all)
        #expect(!all.contains { $0?.isEmpty != false })
    }

    @Test func `any flipped byte is reported, or changes nothing`() throws {
        let bytes = try Self.segment(spanCount: 30)
        let expected = try #require(values(bytes))
        for place in stride(from: 0, to: bytes.count, by: 3) {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(place % 8)
            guard let found = values(damaged) else { continue }
            for (number, values) in found.enumerated() where values != nil {
                #expect(values == expected[number], "\(Self.places[number]) after the flip of byte \(place)")
            }
        }
    }
}
