import TestSupport
import Testing

@testable import WireFormats

@Suite struct OTLPJSONSkipperTests {
    private func end(_ text: String, from place: Int = 0) -> Int {
        Array(text.utf8).withUnsafeBytes { OTLPJSONSkipper.end(of: $0, from: place) }
    }

    @Test(arguments: [
        "[]", "{}", "[[],{}]", #"{"a":"]}","b":["\"]"]}"#, #"["\\"]"#, #"["\\\"]"]"#, #"[1,2,{"k":"é}中]😀"}]"#,
        #"["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\",[[[[[[[[[]]]]]]]]]]"#,
    ])
    func `the end is found wherever the value starts`(value: String) {
        for shift in 0..<9 {
            let text = String(repeating: " ", count: shift) + value
            #expect(end(text + "]]}} [", from: shift) == text.utf8.count)
            #expect(end(text, from: shift) == text.utf8.count)
            #expect(end(String(text.dropLast()), from: shift) == text.utf8.count - 1)
        }
    }

    @Test func `eight bytes at a time find the same end as one by one`() {
        let seed: UInt64 = 1_209
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let letters = Array(#"[]{}"\\,:ax"#.utf8) + [0x80, 0xdb, 0xfd, 0x5c, 0x22]
        for _ in 0..<20_000 {
            let text =
                [0x5b]
                + (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                    letters.randomElement(using: &random) ?? 0
                }
            #expect(text.withUnsafeBytes { OTLPJSONSkipper.end(of: $0, from: 0) } == plainEnd(text))
        }
    }

    private func plainEnd(_ text: [UInt8]) -> Int {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for (index, byte) in text.enumerated() {
            if isEscaped {
                isEscaped = false
            } else if isInString {
                if byte == UInt8(ascii: "\"") { isInString = false }
                isEscaped = byte == UInt8(ascii: "\\")
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if "[{".utf8.contains(byte) {
                depth += 1
            } else if "]}".utf8.contains(byte) {
                depth -= 1
                if depth == 0 { return index + 1 }
            }
        }
        return text.count
    }
}
