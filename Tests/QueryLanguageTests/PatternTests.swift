import QueryLanguage
import Testing

func matches(_ pattern: Pattern, _ text: String) -> Bool {
    var text = text
    return text.withUTF8 { pattern.matches(UnsafeRawBufferPointer($0)) }
}

@Suite struct PatternTests {
    @Test(
        arguments: [
            ("abc", ["abc"], ["ab", "abcd", "xabc", ""]),
            ("^abc$", ["abc"], ["ab", "abcd"]),
        ] as [(String, [String], [String])])
    func `a whole text matches or does not`(pattern: String, yes: [String], no: [String]) throws {
        let pattern = try Pattern(pattern)
        for text in yes { #expect(matches(pattern, text), "\(text)") }
        for text in no { #expect(!matches(pattern, text), "\(text)") }
    }
}
