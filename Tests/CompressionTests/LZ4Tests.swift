import Compression
import Testing

@Suite struct LZ4Tests {
    private func unpacked(_ packed: [UInt8], _ count: Int) -> [UInt8]? {
        var target = [UInt8](repeating: 0, count: count)
        let isWhole = packed.withUnsafeBytes { from in
            target.withUnsafeMutableBytes { LZ4.unpack(from, into: $0) }
        }
        return isWhole ? target : nil
    }

    @Test(arguments: [LZ4.Level.fast, .high(3), .high(9), .high(12)])
    func `blocks of every kind come back as they were`(level: LZ4.Level) {
        for count in [0, 1, 12, 13, 64, 4096, 70_000] {
            for factor in [0, 1, 2_654_435_761] {
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* factor) >> 9) }
                let packed = bytes.withUnsafeBytes { LZ4.pack($0, level: level) }
                #expect(packed.count <= LZ4.packedByteCountMax(count))
                let isEqual = unpacked(packed, count) == bytes
                #expect(isEqual)
            }
        }
    }

    @Test func `a block of another size, cut or changed is refused or differs, and never overruns`() {
        let bytes = Array("to be or not to be or not to be or not to be, that is the question".utf8)
        let packed = bytes.withUnsafeBytes { LZ4.pack($0, level: .fast) }
        #expect(unpacked(packed, bytes.count - 1) == nil)
        #expect(unpacked(packed, bytes.count + 1) == nil)
        #expect(unpacked([], 0) == nil && unpacked([], 5) == nil)
        for count in packed.indices { #expect(unpacked(Array(packed[..<count]), bytes.count) == nil) }
        for index in packed.indices {
            for mask in [UInt8(1), 0x80, 0xff] {
                var changed = packed
                changed[index] ^= mask
                _ = unpacked(changed, bytes.count)
            }
        }
    }
}
