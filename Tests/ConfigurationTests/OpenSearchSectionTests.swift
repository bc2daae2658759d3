import Configuration
import Testing

@Suite struct OpenSearchSectionTests {
    private func configuration(_ yaml: String) throws -> Configuration {
        try Configuration(fileText: yaml, path: "skein.yaml")
    }

    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try Configuration(fileText: yaml, path: "skein.yaml")
            return []
        } catch {
            return error.problems
        }
    }

    @Test func `nothing is handed on unless servers are named`() {
        #expect(Configuration().openSearchDestinations.isEmpty)
        #expect(!Configuration().keepsInOpenSearch)
    }

    @Test func `a destination has its own settings in place of the common ones`() throws {
        let configuration = try configuration(
            """
            opensearch:
              urls: [https://a:9200, https://b:9200]
              index-prefix: mesh
              destinations:
                audit:
                  urls: https://c:9200
                  errors-only: true
            """)
        let all = configuration.openSearchDestinations
        #expect(all.map(\.name) == ["opensearch", "audit"])
        #expect(all[0].configuration.entry("opensearch.urls").value == .list(["https://a:9200", "https://b:9200"]))
        #expect(all[0].configuration.entry("opensearch.errors-only").value == .boolean(false))
        #expect(all[1].configuration.entry("opensearch.urls").value == .list(["https://c:9200"]))
        #expect(all[1].configuration.entry("opensearch.errors-only").value == .boolean(true))
        #expect(all[1].configuration.entry("opensearch.index-prefix").value == .text("mesh"))
    }

    @Test func `wrong keys, values and names of destinations are told with their places`() {
        let found = problems(
            """
            opensearch:
              urls: https://a:9200
              destinations:
                Audit:
                  urls: https://c:9200
                second:
                  url: https://c:9200
                third:
                  urls: https://c:9200
                  requests: 0
            """)
        #expect(found.contains { $0.contains("skein.yaml:4:5") && $0.contains("wrong name") })
        #expect(found.contains { $0.contains("unknown key 'url' at skein.yaml:7:7") && $0.contains("urls") })
        #expect(found.contains { $0.contains("wrong value for 'requests' at skein.yaml:10:7") })
    }

    @Test func `names of Jaeger and Zipkin count, and ours before them`() throws {
        let environment = [
            "ES_SERVER_URLS": "http://one:9200,http://two:9200", "ES_USERNAME": "jaeger", "ES_PASSWORD": "swordfish",
            "ES_TIMEOUT": "2000", "ES_NUM_SHARDS": "3", "SKEIN_OPENSEARCH_SHARDS": "7",
        ]
        let configuration = try Configuration(environment: environment)
        #expect(configuration.entry("opensearch.urls").value == .list(["http://one:9200", "http://two:9200"]))
        #expect(configuration.entry("opensearch.timeout").value == .duration(2_000_000_000))
        #expect(configuration.entry("opensearch.shards").value == .integer(7))
        #expect(configuration.entry("opensearch.urls").origin == .environment(name: "ES_SERVER_URLS"))
    }

    @Test func `secrets are in no print`() throws {
        let configuration = try configuration(
            """
            opensearch:
              urls: https://a:9200
              username: skein
              password: swordfish
              destinations:
                other:
                  urls: https://b:9200
                  password: "off"
                  username: "off"
                  api-key: barracuda
            """)
        for text in [configuration.yaml, configuration.json, "\(configuration.entries)"] {
            #expect(!text.contains("swordfish"))
            #expect(!text.contains("barracuda"))
        }
        #expect(configuration.yaml.contains("password: \"***\""))
        #expect(configuration.yaml.contains("api-key: \"***\""))
    }

    @Test func `contradictions are told`() {
        let cases = [
            "storage: opensearch": "needs 'opensearch.urls'",
            "opensearch: {urls: 'search:9200'}": "does not begin with http",
            "opensearch: {urls: 'http://a', username: me}": "goes with 'opensearch.password'",
            "opensearch: {urls: 'http://a', api-key: k, bearer-token: t}": "one way to log in is enough",
            "opensearch: {urls: 'http://a', certificate: c.pem}": "are set together",
            "{storage: opensearch, opensearch: {urls: 'http://a', shape: otel}}": "has to be jaeger",
            "{storage: opensearch, opensearch: {urls: 'http://a'}, sampling: {tail: {policies: [{type: errors}]}}}":
                "leave out 'tail'",
        ]
        for (yaml, text) in cases {
            let found = problems(yaml)
            #expect(found.contains { $0.contains(text) }, "\(yaml): \(found)")
        }
    }
}
