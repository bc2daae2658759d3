import Forwarding
import OpenSearch
import Testing

@Suite struct ForwardingOptionsTests {
    @Test func `everything is handed on unless a filter says otherwise`() {
        let options = ForwardingOptions(name: "main", cluster: OpenSearchOptions(urls: ["http://127.0.0.1:9200"]))
        #expect(options.filter == SpanFilter())
        #expect(options.holdsRetention)
    }
}
