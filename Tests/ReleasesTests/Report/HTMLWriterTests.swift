import Testing

@testable import Releases

@Suite struct HTMLWriterTests {
    /// The elements of a page, each ended by its own end.
    private struct Page {
        struct Element {
            var name: String
            var attributes: [String: String]
        }

        var elements: [Element] = []
        /// What went wrong; nil if nothing did.
        var mistake: String?

        init(_ text: String) { mistake = read(text) }

        /// - Returns: what is wrong.
        private mutating func read(_ text: String) -> String? {
            var open: [String] = []
            var rest = Substring(text)
            while let start = rest.firstIndex(of: "<") {
                guard let end = rest[start...].firstIndex(of: ">") else { return "a tag without an end" }
                var tag = rest[rest.index(after: start)..<end]
                rest = rest[rest.index(after: end)...]
                if tag.hasPrefix("!") { continue }
                if tag.hasPrefix("/") {
                    guard open.popLast() == String(tag.dropFirst()) else { return "ended: \(tag)" }
                    continue
                }
                let isClosed = tag.hasSuffix("/")
                if isClosed { tag = tag.dropLast() }
                let name = String(tag.prefix { $0 != " " })
                guard let attributes = Self.attributes(tag.dropFirst(name.count)) else { return String(tag) }
                elements.append(Element(name: name, attributes: attributes))
                if !isClosed, name != "meta" { open.append(name) }
                if name == "style" {
                    guard let end = rest.firstRange(of: "</style>") else { return "a style without an end" }
                    rest = rest[end.lowerBound...]
                }
            }
            return open.isEmpty ? nil : "left open: \(open)"
        }

        private static func attributes(_ text: Substring) -> [String: String]? {
            var found: [String: String] = [:]
            var rest = text
            while let start = rest.firstIndex(where: { $0 != " " }) {
                rest = rest[start...]
                guard let equals = rest.firstRange(of: "=\""),
                    let end = rest[equals.upperBound...].firstIndex(of: "\"")
                else { return nil }
                found[String(rest[..<equals.lowerBound])] = String(rest[equals.upperBound..<end])
                rest = rest[rest.index(after: end)...]
            }
            return found
        }
    }

    private static let allowed: Set<String> = [
        "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3", "p", "ul",
        "ol",
        "li", "table", "thead", "tbody", "tr", "th", "td", "div", "strong", "small", "code", "span", "a", "figure",
        "figcaption", "svg", "path", "text",
    ]

    private func hostileReport() -> ComparisonReport {
        let hostile = SampleReport.hostile
        var report = SampleReport.report(
            service: hostile, base: "\"><img src=x onerror=alert(1)>", candidate: hostile, operations: [hostile, "b"])
        report.evidence = SampleReport.evidence(hostile)
        report.mirror = SampleReport.mirror(hostile)
        report.notes.append(hostile)
        report.timeline = .init(
            stepSeconds: 60, base: .init(firstSeen: hostile, lastSeen: hostile), candidate: nil,
            steps: (0..<3).map { .init(start: "2026-09-21T14:1\($0):00Z", base: 5, candidate: 2) })
        return report
    }

    @Test func `names from outside make no element and no attribute`() throws {
        let links = try #require(TraceLinks(base: "https://jaeger.example"))
        for report in [hostileReport(), SampleReport.worse, SampleReport.tooLittleData] {
            let page = Page(report.html(links: links))
            #expect(page.mistake == nil)
            #expect(Set(page.elements.map(\.name)).isSubset(of: Self.allowed))
            for element in page.elements {
                #expect(element.attributes.keys.allSatisfy { !$0.hasPrefix("on") && $0 != "src" && $0 != "style" })
            }
            let addresses = Set(page.elements.compactMap { $0.attributes["href"] })
            #expect(addresses.isSubset(of: ["https://jaeger.example/trace/0102030405060708090a0b0c0d0e0f10"]))
        }
    }

    @Test func `a page loads nothing, and is made for both themes and for paper`() {
        let text = hostileReport().html()
        #expect(text.hasPrefix("<!doctype html>\n<html lang=\"en\">"))
        #expect(text.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""))
        #expect(!text.contains("url(") && !text.contains("@import"))
        #expect(text.contains("prefers-color-scheme:dark") && text.contains("@media print"))
        #expect(!text.contains("\u{202e}") && !text.contains("\u{1b}"))
    }

    @Test func `the title says the verdict, and pictures say in words what they show`() {
        let text = SampleReport.worse.html()
        #expect(text.contains("<title>reviews.default: v2 is worse than v1</title>"))
        #expect(text.contains("<header class=\"bad\">"))
        #expect(text.contains("<span class=\"outcome bad\">worse</span>"))
        #expect(text.contains("<tr class=\"group\"><td><code>GET /reviews</code></td>"))
        #expect(text.contains("<p class=\"legend\"><span class=\"base\">■ v1: p50 "))
        #expect(text.contains("takes longer than one of v1 with a probability of 100 %"))
        #expect(text.contains("<td><code>productpage.default</code></td>"))
    }

    @Test func `of very many operations the first are told, and how many are left`() {
        let report = SampleReport.report(operations: (0..<60).map { "GET /\($0)" }, requests: 20)
        let text = report.html()
        #expect(text.contains("20 more operations stand in the answer in JSON."))
        #expect(text.ranges(of: "<svg ").count <= 5)
    }
}
