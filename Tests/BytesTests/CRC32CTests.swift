import CShim
import Testing

@testable import Bytes

@Suite struct CRC32CTests {
    @Test func `the check values of the standard come out`() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xe306_9283)
        // RFC 3720, B.4
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46dd_794e)
        #expect(CRC32C.checksum((0..<32).reversed().map { UInt8($0) }) == 0x113f_db5c)
        #expect(CRC32C.checksum([]) == 0)
    }

    @Test func `the processor's instruction and the table agree, at any length and alignment`() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
        bytes.withUnsafeBytes { raw in
            for start in 0..<9 {
                for end in start...raw.count {
                    let piece = UnsafeRawBufferPointer(rebasing: raw[start..<end])
                    #expect(
                        CRC32C.checksum(piece, seed: 77) == skein_crc32c_portable(77, piece.baseAddress, piece.count))
                }
            }
        }
    }

    @Test func `pieces one after the other give the checksum of the whole`() {
        let bytes = (0..<100).map { UInt8($0) }
        for split in 0...100 {
            let first = CRC32C.checksum(Array(bytes[..<split]))
            #expect(CRC32C.checksum(Array(bytes[split...]), seed: first) == CRC32C.checksum(bytes))
        }
    }
}
