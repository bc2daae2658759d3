import Testing

@testable import OpenSearch

@Suite struct NodeURLTests {
    @Test(arguments: [
        ("https://search-1:9200", "https://search-1:9200"), ("search-1:9200/", "http://search-1:9200"),
        ("https://a.example/os//", "https://a.example/os"), ("http://[::1]:9200", "http://[::1]:9200"),
    ])
    func `a URL is taken without a slash at its end`(configured: String, text: String) throws {
        #expect(try NodeURL(configured).text == text)
        #expect(try NodeURL(configured).user == nil)
    }

    @Test func `a user within a URL is taken out of it`() throws {
        let url = try NodeURL("https://el%40stic:sword%3Afish@search:9200/os/")
        #expect(url.text == "https://search:9200/os")
        #expect(url.user?.name == "el@stic")
        #expect(url.user?.password == "sword:fish")
    }

    @Test(arguments: [
        "", "ftp://swordfish", "https://", "http://a b", "http://user:swordfish@", "http://u:%zz@h", "http://h?a=b",
        "http://h\r\nswordfish: 1",
    ])
    func `what is no URL is refused without being quoted`(configured: String) {
        let error = #expect(throws: OpenSearchError.self) { try NodeURL(configured) }
        #expect(error?.code == .badOptions)
        #expect(error?.message.contains("swordfish") == false)
    }
}
