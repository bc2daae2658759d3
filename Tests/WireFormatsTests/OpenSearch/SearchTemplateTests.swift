import Foundation
import StorageFiles
import TestSupport
import Testing

@Suite struct SearchTemplateTests {
    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func `Swift names each template of the folder and no other`() throws {
        let folder = Repository.path + "/storage/opensearch"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(SearchTemplate.allCases.map(\.fileName).sorted() == names)
        for template in SearchTemplate.allCases {
            #expect(template.text == (try String(contentsOfFile: folder + "/" + template.fileName, encoding: .utf8)))
        }
        #expect(SearchTemplate.jaeger + SearchTemplate.otel == SearchTemplate.allCases)
    }

    @Test(arguments: SearchTemplate.allCases, [false, true])
    func `a template is JSON with a version, its own pattern and no placeholder`(
        template: SearchTemplate, isRolledOver: Bool
    ) throws {
        let text = template.filled(prefix: "eu", shardCount: 3, replicaCount: 0, isRolledOver: isRolledOver)
        #expect(!text.contains("{prefix}") && !text.contains("{shards}") && !text.contains("{replicas}"))
        let object = try object(text)
        #expect((object["version"] as? Int).map { $0 > 0 } == true)
        let name = "eu-" + template.rawValue
        #expect(template.name(prefix: "eu") == name && template.name(prefix: "eu-") == name)
        let pattern = try #require((object["index_patterns"] as? [String])?.first)
        #expect(pattern.contains(name))
        let isJaegers = SearchTemplate.jaeger.contains(template)
        let made = try #require(isJaegers ? object : object["template"] as? [String: Any])
        let settings = try #require(made["settings"] as? [String: Any])
        #expect(settings["index.number_of_shards"] as? Int == 3)
        #expect(settings["index.number_of_replicas"] as? Int == 0)
        let alias = settings["plugins.index_state_management.rollover_alias"] as? String
        let expected = isJaegers ? name + "-write" : template == .otelSpan ? name : nil
        #expect(alias == (isRolledOver ? expected : nil))
        let aliases = made["aliases"] as? [String: Any]
        #expect(aliases?.keys.sorted() == (isRolledOver && isJaegers ? [name + "-read"] : nil))
    }

    @Test func `without a prefix names are plain`() throws {
        let text = SearchTemplate.jaegerSpan.filled(prefix: "", shardCount: 5, replicaCount: 1)
        #expect(try object(text)["index_patterns"] as? [String] == ["*jaeger-span-*"])
        #expect(SearchTemplate.jaegerSpan.name(prefix: "") == "jaeger-span")
    }
}
