import Testing

@testable import Bytes

@Suite struct ByteWindowTests {
    @Test func `every byte is told apart in every place`() {
        for place in 0..<ByteWindow.byteCount {
            for byte in UInt8.min ... .max {
                var window = [UInt8](repeating: UInt8(ascii: "a"), count: ByteWindow.byteCount)
                window[place] = byte
                let isSpecial = byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
                let found = window.withUnsafeBytes { $0.baseAddress.map { ByteWindow.textSpecials($0) } }
                #expect(found == (isSpecial ? 1 << UInt32(place) : 0))
            }
        }
    }

    @Test func `only the bytes that count are compared`() {
        let first = [UInt8](repeating: 7, count: ByteWindow.byteCount)
        for place in 0..<ByteWindow.byteCount {
            var second = first
            second[place] = 8
            for count in 0...ByteWindow.byteCount {
                let isSame = first.withUnsafeBytes { a in
                    second.withUnsafeBytes { b in
                        guard let a = a.baseAddress, let b = b.baseAddress else { return false }
                        return ByteWindow.sameBytes(a, b, count)
                    }
                }
                #expect(isSame == (count <= place))
            }
        }
    }
}
