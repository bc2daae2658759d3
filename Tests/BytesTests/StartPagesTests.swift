import CShim
import Testing

@testable import Bytes

@Suite struct StartPagesTests {
    @Test func `a program goes on when its untouched pages were given back`() {
        let before = CRC32C.checksum(Array("123456789".utf8))
        for _ in 0..<3 {
            #expect(skein_release_start_pages() > 0)
            #expect(CRC32C.checksum(Array("123456789".utf8)) == before)
            #expect("\(1.5) \(["a": 1])".lowercased() == #"1.5 ["a": 1]"#)
        }
    }
}
