import TestSupport
import Testing

@testable import QueryLanguage

func matches(_ pattern: Pattern, _ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
        let bytes = UnsafeRawBufferPointer(bytes)
        // Every way to the answer gives the same one.
        let answer = pattern.matches(bytes)
        #expect(pattern.matchesSlowly(bytes) == answer)
        #expect(pattern.simulate(bytes) == answer)
        return answer
    }
}

@Suite struct PatternTests {
    @Test(
        arguments: [
            ("abc", ["abc"], ["ab", "abcd", "xabc", ""]), ("^abc$", ["abc"], ["ab", "abcd"]), ("", [""], ["a"]),
            ("a|b|", ["a", "b", ""], ["ab", "c"]), ("(GET|POST) /x", ["GET /x", "POST /x"], ["PUT /x"]),
            (".*", ["", "abc", "é中😀"], ["a\nb"]), (".+", ["a"], ["", "\n"]), ("(?s).*", ["a\nb"], []),
            ("ab.*", ["ab", "abc"], ["a", "xab", "ab\n"]), (".*b.*", ["b", "abc"], ["ac", "b\n"]),
            (".", ["a", "é", "中", "😀"], ["", "ab", "\n"]), ("[^a]", ["b", "é", "\n"], ["a", "bb"]),
            ("[a-cé-ü]+", ["abcö"], ["d", "ý"]),
            ("\\d{3}", ["123"], ["12", "1234", "12a"]), ("\\d{2,}", ["12", "12345"], ["1"]),
            ("a{0,2}", ["", "a", "aa"], ["aaa"]),
            ("a{2,1", ["a{2,1"], ["aa"]), ("(ab)+?c*?", ["ab", "ababcc"], ["abb", "c"]),
            ("\\w+\\W\\s\\S\\D", ["a_1- xy"], ["a"]),
            ("(?i)Get", ["GET", "get", "gEt"], ["got"]), ("(?i:é)x", ["Éx", "éx"], ["éX"]),
            ("(?i)[a-c]+", ["aBC"], ["d"]),
            ("\\bfoo\\b.*", ["foo", "foo bar"], ["foob"]), (".*\\Bo", ["foo"], ["f o"]),
            ("(?m)a$\n^b", ["a\nb"], ["ab"]),
            ("a^b", [], ["ab", "a^b"]), ("a\\^\\.\\*b", ["a^.*b"], ["ab"]),
            ("\\Qa.b*\\E+", ["a.b*", "a.b**"], ["axb"]),
            ("[[:alpha:]][[:^digit:]]", ["ab", "A-"], ["a1", "1a"]), ("[]a-]+", ["]a-"], ["b"]),
            ("[\\d\\-x]+", ["1-x"], ["a"]),
            ("\\x41\\x{1f600}\\n\\t", ["A😀\n\t"], ["A"]), ("(?P<name>a)(?:b)", ["ab"], ["a"]),
            ("(a*)*b", ["b", "aaab"], ["aaa"]),
            ("(a|aa)+$", ["aaaa"], ["aab"]), ("[^\\s]*", ["ab"], ["a b"]), ("x(y|z)?", ["x", "xy", "xz"], ["xyz"]),
            ("5..", ["500", "5xx"], ["50", "5000"]), ("a.c|b", ["abc", "b", "aéc"], ["ac", "c"]),
        ] as [(String, [String], [String])])
    func `a whole text matches or does not`(pattern: String, yes: [String], no: [String]) throws {
        let pattern = try Pattern(pattern)
        for text in yes { #expect(matches(pattern, text), "\(text)") }
        for text in no { #expect(!matches(pattern, text), "\(text)") }
    }

    @Test(arguments: [
        ("a(", 1), ("a)", 1), ("[a", 0), ("*", 0), ("a**", 2), ("a{3,2}", 1), ("a{1001}", 1), ("\\p{L}", 0),
        ("a\\1", 1),
        ("(?=a)", 0), ("(?<=a)", 0), ("[b-a]", 1), ("\\", 0), ("[[:no:]]", 1), ("\\xz", 0), ("(?P<>a)", 0),
        ("((((a{100}){100}){100}){100})", 0), ("(((((){1000}){1000}){1000}){1000})", 0),
        (String(repeating: "(", count: 5000), 100),
    ])
    func `what is no pattern is refused with its place`(pattern: String, offset: Int) {
        let error = #expect(throws: PatternError.self) { try Pattern(pattern) }
        #expect(error?.offset == offset, "\(error?.description ?? "")")
    }

    @Test func `a pattern that makes others try for ages takes no longer`() throws {
        let text = String(repeating: "a", count: 5000)
        #expect(!matches(try Pattern("(a+)+b"), text))
        #expect(!matches(try Pattern("(a|a)*(a|a)*b"), text))
        // More states than a table may have.
        #expect(!matches(try Pattern("(a|b)*a(a|b){12}c"), String(repeating: "ab", count: 300)))
    }

    @Test func `texts of a list are known`() throws {
        #expect(try Pattern("a|b(c|d)").literals == ["a", "bc", "bd"])
        #expect(try Pattern("^ab$").literals == ["ab"])
        #expect(try Pattern("a.").literals == nil)
        #expect(try Pattern("(?i)a").literals == nil)
    }
}
