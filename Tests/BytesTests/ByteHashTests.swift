import Testing

@testable import Bytes

@Suite struct ByteHashTests {
    private func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        bytes.withUnsafeBytes { ByteHash.hash($0, seed: seed) }
    }

    @Test func `texts of every length differ from each other and from their changed selves`() {
        var seen: Set<UInt64> = []
        for count in 0..<200 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(seen.insert(hash(bytes)).inserted)
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 1
                #expect(hash(changed) != hash(bytes))
            }
            #expect(hash(bytes, seed: 1) != hash(bytes, seed: 2))
        }
    }

    @Test func `zeros of every length differ`() {
        #expect(Set((0..<500).map { hash([UInt8](repeating: 0, count: $0)) }).count == 500)
    }

    @Test func `no bytes hash alike with and without an address`() {
        #expect(ByteHash.hash(UnsafeRawBufferPointer(start: nil, count: 0), seed: 9) == hash([], seed: 9))
    }

    @Test func `the low bits of numbered names are spread`() {
        var buckets = [Int](repeating: 0, count: 256)
        for number in 0..<25_600 { buckets[Int(hash(Array("operation-\(number)".utf8)) & 255)] += 1 }
        // 100 expected in each, standard deviation 10.
        #expect(buckets.allSatisfy { (40...160).contains($0) })
    }

    @Test func `values on disk never change`() {
        let expected: [UInt64] = [
            0xc9d8_74ca_57d9_e055, 0x7644_124e_f826_61ac, 0x2914_6f1f_4f96_0631, 0xf64e_2ede_ffcc_c9e5,
            0x4da1_7e8a_d94d_e8a1, 0x547f_d7a6_aeeb_9a22,
        ]
        let texts = ["", "a", "abcd", "abcdefgh", "abcdefghijklmnop", "abcdefghijklmnopqrstuvwxyz"]
        #expect(texts.map { hash(Array($0.utf8)) } == expected)
    }
}
