import Testing

@testable import Releases

@Suite struct MarkdownWriterTests {
    private func text(_ blocks: [ReportDocument.Block]) -> String {
        MarkdownWriter.text(ReportDocument(title: "title", tone: .plain, lead: [], blocks: blocks))
    }

    @Test func `the verdict comes first, then why, then the figures`() throws {
        var report = SampleReport.worse
        report.notes = ["a note"]
        let text = report.markdown()
        #expect(text.hasPrefix("# reviews.default: v2 is worse than v1\n"))
        let order = [
            "## Why", "## Notes\n\n- a note\n", "## How the requests were shared", "## Operations", "## Durations",
            "## What callers saw",
            "## What the versions call", "## How these figures were made",
        ]
        let places = try order.map { try #require(text.firstRange(of: $0), "\($0)").lowerBound }
        #expect(places == places.sorted())
        #expect(text.contains("1. **worse**: v2 "))
        #expect(text.contains("| `ratings.default` | rpc | only v2: new | 0 → 0.5 |"))
        #expect(text.contains("| `GET /reviews` | 400 requests | 400 requests | **worse** |\n| errors | "))
        #expect(text.contains("800 requests of `v1` against 800 requests of `v2`, 2026-09-21 14:13:20 to "))
    }

    @Test func `with too little data it says what would decide`() {
        let text = SampleReport.tooLittleData.markdown()
        #expect(text.hasPrefix("# reviews.default: too little data to say whether v2 is worse than v1\n"))
        #expect(text.contains("What would decide: about "))
    }

    @Test func `tables have as many cells in every row as they have columns`() {
        var report = SampleReport.report(
            service: SampleReport.hostile, base: "v|1", candidate: SampleReport.hostile,
            operations: [SampleReport.hostile, "b"])
        report.evidence = SampleReport.evidence(SampleReport.hostile)
        report.mirror = SampleReport.mirror(SampleReport.hostile)
        var columns: Int?
        for line in report.markdown().split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("|") else {
                columns = nil
                continue
            }
            let bars = line.replacing("\\\\", with: "").replacing("\\|", with: "").count { $0 == "|" }
            #expect(bars == columns ?? bars, "\(line)")
            columns = bars
        }
    }

    @Test func `names call nobody, and are neither HTML nor links`() {
        let escaped = MarkdownWriter.escaped(SampleReport.hostile)
        #expect(!escaped.contains("<") && !escaped.contains("@") && !escaped.contains("://"))
        #expect(!escaped.contains("\u{202e}") && !escaped.contains("\u{1b}") && !escaped.contains("\n"))
        #expect(escaped.contains("\\[x\\](javascript:1)"))
        #expect(MarkdownWriter.escaped("www.a.example") == "www&#46;a.example")
    }

    @Test func `names stand as code, whatever they are made of`() {
        func code(_ name: String) -> String { text([.paragraph([.name(name)])]) }
        #expect(code("GET /a*b").hasSuffix("\n`GET /a*b`\n"))
        #expect(code("a`b``c").hasSuffix("\n```a`b``c```\n"))
        #expect(code("`").hasSuffix("\n`` ` ``\n"))
        #expect(code(" a").hasSuffix("\n`  a `\n"))
        #expect(text([.table(.init(columns: ["x"], rows: [[[.name("a|b")]]]))]).contains("| `a\\|b` |"))
    }

    @Test(arguments: [("- a", "\\- a"), ("# a", "\\# a"), ("12. a", "12\\. a"), ("3) a", "3\\) a"), ("12 a", "12 a")])
    func `what begins a line begins no list`(words: String, expected: String) {
        #expect(text([.list([[.text(words)]], isOrdered: false)]).hasSuffix("\n- \(expected)\n"))
    }

    @Test func `links cannot be left`() {
        let text = text([.paragraph([.link("a]", to: "https://a.example/<b>\\")])])
        #expect(text.hasSuffix("[a\\]](<https://a.example/%3Cb%3E%5C>)\n"))
    }
}
