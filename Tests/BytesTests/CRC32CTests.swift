import CShim
import Testing

@testable import Bytes

@Suite struct CRC32CTests {
    @Test func `the check value of the standard comes out`() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xe306_9283)
    }
}
