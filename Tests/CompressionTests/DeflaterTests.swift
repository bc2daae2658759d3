import Compression
import Testing

@Suite struct DeflaterTests {
    private func unpacked(_ packed: [UInt8]) throws -> [UInt8] {
        var plain: [UInt8] = []
        try packed.withUnsafeBytes { try Inflater().unpack($0, onto: &plain, byteCountMax: 64 << 20) }
        return plain
    }

    @Test(arguments: [0, 1, 1000, 100_000, 1 << 20])
    func `what is packed unpacks to the same`(byteCount: Int) throws {
        let deflater = Deflater()
        var random = SystemRandomNumberGenerator()
        let inputs: [[UInt8]] = [
            (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 / 7) },
            (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) },
        ]
        for input in inputs {
            var packed: [UInt8] = [9]
            input.withUnsafeBytes { deflater.pack($0, onto: &packed) }
            #expect(packed.first == 9)
            #expect(try unpacked(Array(packed.dropFirst())) == input)
        }
    }

    @Test func `pieces and flushes make one stream`() throws {
        let deflater = Deflater(level: 1)
        var packed: [UInt8] = []
        deflater.begin()
        Array("forgotten".utf8).withUnsafeBytes { deflater.append($0, onto: &packed) }
        packed = []
        deflater.begin()
        var expected: [UInt8] = []
        for index in 0..<1000 {
            let piece = Array("piece \(index) ".utf8)
            expected += piece
            piece.withUnsafeBytes { deflater.append($0, onto: &packed) }
            if index % 100 == 0 {
                let before = packed.count
                deflater.flush(onto: &packed)
                #expect(packed.count > before)
            }
        }
        deflater.finish(onto: &packed)
        #expect(try unpacked(packed) == expected)
    }
}
