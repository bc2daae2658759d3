import TestSupport
import Testing

@testable import Catalog

@Suite struct NameSetTests {
    private func decoded(_ bytes: [UInt8]) throws -> NameSet {
        try bytes.withUnsafeBytes { try NameSet(decoding: $0) }
    }

    private func members(_ set: NameSet) -> Set<Int64> { Set(set.ranges.flatMap { $0 }) }

    @Test func `a set of ranges is encoded as distances and lengths`() throws {
        let set = try NameSet([1, 2, 3, 10, 12, 11, 300, 2])
        #expect(set.encoded() == [1, 2, 7, 2, 0xa0, 0x02, 0])
        #expect(try decoded(set.encoded()) == set)
        #expect(try decoded([]).isEmpty)
    }

    @Test(arguments: [UInt64.random(in: 0 ... .max), 1])
    func `sets behave as sets do`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let one = (0..<Int.random(in: 0..<30, using: &generator)).map { _ in
                Int64.random(in: 1...40, using: &generator)
            }
            let other = (0..<Int.random(in: 0..<30, using: &generator)).map { _ in
                Int64.random(in: 1...40, using: &generator)
            }
            var union = try NameSet(one)
            union.formUnion(try NameSet(other))
            #expect(try union == NameSet(one + other))
            var difference = try NameSet(one)
            difference.subtract(try NameSet(other))
            #expect(members(difference) == Set(one).subtracting(other))
            #expect(try decoded(union.encoded()) == union)
        }
    }

    @Test(
        arguments: [
            [0, 0], [1], [1, 0x80], [1, 3, 0, 1], [1, 3, 1, 0],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0],
            [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f],
        ] as [[UInt8]])
    func `damaged bytes are refused`(bytes: [UInt8]) {
        #expect(throws: (any Error).self) { try decoded(bytes) }
    }

    @Test(arguments: [0, -1, .min, .max] as [Int64])
    func `an ID that SQLite cannot have given out is refused`(id: Int64) {
        #expect(throws: CatalogError.self) { try NameSet([id]) }
    }
}
