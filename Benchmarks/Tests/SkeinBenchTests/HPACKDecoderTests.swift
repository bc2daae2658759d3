import Testing

@testable import skein_bench

@Suite struct HPACKDecoderTests {
    private func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.filter { $0 != " " }
        return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
            let start = digits.index(digits.startIndex, offsetBy: offset)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
        }
    }

    @Test func `the coded requests of RFC 7541, C 4, are read through one table`() throws {
        var decoder = HPACKDecoder()
        let first = try decoder.decode(bytes("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"))
        #expect(first == [":method": "GET", ":scheme": "http", ":path": "/", ":authority": "www.example.com"])
        let second = try decoder.decode(bytes("8286 84be 5886 a8eb 1064 9cbf"))
        #expect(second[":authority"] == "www.example.com" && second["cache-control"] == "no-cache")
        let third = try decoder.decode(bytes("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"))
        #expect(third[":authority"] == "www.example.com" && third["custom-key"] == "custom-value")
        #expect(third[":path"] == "/index.html" && third[":scheme"] == "https")
    }

    @Test func `a literal is read as it stands and not kept`() throws {
        var decoder = HPACKDecoder()
        let block = [0x00, 11] + Array("grpc-status".utf8) + [1] + Array("0".utf8)
        #expect(try decoder.decode(block) == ["grpc-status": "0"])
        #expect(throws: BenchError.self) { try decoder.decode([0x80 | 62]) }
    }

    @Test func `a table made smaller forgets its entries`() throws {
        var decoder = HPACKDecoder()
        _ = try decoder.decode([0x40, 1, 0x61, 1, 0x62])
        #expect(try decoder.decode([0x80 | 62]) == ["a": "b"])
        #expect(throws: BenchError.self) { try decoder.decode([0x20, 0x80 | 62]) }
    }

    @Test(arguments: [
        [0x80], [0x00], [0x00, 5, 0x61], [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x00, 0x81, 0x00, 0x00],
        [0x3F, 0xE1, 0x7F],
    ])
    func `a block that is broken is an error`(block: [UInt8]) {
        var decoder = HPACKDecoder()
        #expect(throws: BenchError.self) { try decoder.decode(block) }
    }
}

@Suite struct RetryInfoTests {
    @Test func `the delay is read from the details of a status`() {
        // A status 14 with a RetryInfo of 1 s and 500 ms; without padding, as gRPC sends it.
        let info: [UInt8] = [0x0A, 8, 0x08, 1, 0x10, 0x80, 0xCA, 0xB5, 0xEE, 0x01]
        let name = Array("type.googleapis.com/google.rpc.RetryInfo".utf8)
        let any = [0x0A, UInt8(name.count)] + name + [0x12, UInt8(info.count)] + info
        let status = [0x08, 14, 0x12, 4] + Array("busy".utf8) + [0x1A, UInt8(any.count)] + any
        var text = base64(status)
        #expect(RetryInfo.seconds(text) == 1.5)
        while text.hasSuffix("=") { text.removeLast() }
        #expect(RetryInfo.seconds(text) == 1.5)
        #expect(RetryInfo.seconds(base64([0x08, 14])) == nil)
    }

    @Test(arguments: [nil, "", "?", "CA4SBGJ1c3kaPwo="]) func `without details there is no delay`(text: String?) {
        #expect(RetryInfo.seconds(text) == nil)
    }

    private func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
            for position in 0..<4 {
                text.append(position <= group.count ? alphabet[word >> (18 - 6 * position) & 63] : "=")
            }
        }
        return text
    }
}
