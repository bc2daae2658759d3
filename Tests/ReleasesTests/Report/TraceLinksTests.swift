import Releases
import Testing

@Suite struct TraceLinksTests {
    private let trace = "0102030405060708090a0b0c0d0e0f10"

    @Test(arguments: [
        ("https://jaeger.example", "https://jaeger.example/trace/"),
        ("http://127.0.0.1:16686/jaeger/", "http://127.0.0.1:16686/jaeger/trace/"),
        ("https://g.example/explore?q={trace}", "https://g.example/explore?q="),
    ])
    func `a trace is below the page, or where the address says`(base: String, before: String) throws {
        #expect(try #require(TraceLinks(base: base)).address(of: trace) == before + trace)
    }

    @Test(arguments: [
        "javascript:alert(1)", "jaeger.example", "https://a b", "http://a\"onclick=1", "", "data:text/html,x",
    ])
    func `what is no address of the web gives no links`(base: String) {
        #expect(TraceLinks(base: base) == nil)
    }

    @Test func `what is no ID has no address`() throws {
        let links = try #require(TraceLinks(base: "https://jaeger.example"))
        for id in ["", "xyz", "../admin", trace + "00"] { #expect(links.address(of: id) == nil) }
        #expect(TraceLinks().address(of: trace) == nil)
    }
}
