import Testing

@testable import OpenSearch

@Suite struct IndexTemplateTests {
    private func template(_ text: String) throws(OpenSearchError) -> IndexTemplate {
        try IndexTemplate(name: "t", body: Array(text.utf8))
    }

    @Test func `what a template makes goes one level deeper where templates are composed`() throws {
        let legacy = try template(
            """
            { "index_patterns": "*jaeger-span-*", "order": 1, "version": 7,
              "settings": {"a": [1, {"b": "}"}]}, "mappings": { }, "aliases": {"x-read": {}} }
            """)
        #expect(legacy.version == 7 && !legacy.isComposable)
        #expect(
            String(decoding: legacy.composableBody, as: UTF8.self) == """
                {"index_patterns":"*jaeger-span-*","version":7,"priority":0,\
                "template":{"settings":{"a": [1, {"b": "}"}]},\
                "mappings":{ },"aliases":{"x-read": {}}}}
                """)
    }

    @Test func `a template that is composed stays as it is`() throws {
        let text = #"{"version":1,"priority":5,"template":{"settings":{}}}"#
        let composed = try template(text)
        #expect(composed.isComposable)
        #expect(composed.composableBody == Array(text.utf8))
    }

    @Test(arguments: [
        "", "[]", "{", #"{"index_patterns":[]}"#, #"{"version":"x"}"#, #"{"version":0}"#, #"{"version":1}x"#,
    ])
    func `what is no template with a version is refused`(text: String) {
        let error = #expect(throws: OpenSearchError.self) { try template(text) }
        #expect(error?.code == .badOptions)
    }
}
