import OpenSearch
import Testing

@Suite struct OpenSearchOptionsTests {
    @Test func `a secret shows in no text`() {
        var options = OpenSearchOptions(urls: ["http://127.0.0.1:9200"])
        options.password = Secret("swordfish")
        #expect(!"\(options)".contains("swordfish"))
        #expect(!String(reflecting: options).contains("swordfish"))
    }
}
