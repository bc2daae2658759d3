import Foundation
import OpenSearch
import TestSupport
import Testing
import WireFormats

/// Against a server that others wrote.
@Suite(.enabled(if: OsmemServer.isInstalled, "\(OsmemServer.missing)")) struct OsmemServerTests {
    private func run(_ test: (OsmemServer, OpenSearchClient) throws -> Void) throws {
        let server = try OsmemServer()
        let client = try OpenSearchClient(OpenSearchOptions(urls: [server.url]), logger: quietLogger())
        defer { client.shutDown() }
        try test(server, client)
    }

    private func count(_ index: String, _ client: OpenSearchClient) throws -> Int {
        struct Count: Decodable {
            let count: Int
        }
        _ = try client.perform(OpenSearchRequest("POST", "/\(index)/_refresh"))
        let body = try client.perform(OpenSearchRequest("GET", "/\(index)/_count")).body
        return try JSONDecoder().decode(Count.self, from: Data(body)).count
    }

    @Test func `it is an OpenSearch`() throws {
        try run { _, client in
            let version = try client.version()
            #expect(version.distribution == .openSearch)
            #expect(version.major >= 3)
        }
    }

    @Test func `documents arrive once however often they are sent, and the unfit are rejected with the reason`() throws
    {
        try run { server, client in
            var options = BulkOptions()
            options.backoffMin = .milliseconds(5)
            options.backoffMax = .milliseconds(100)
            let sender = try BulkSender(client: client, options: options, logger: quietLogger())
            defer { sender.stop() }
            _ = try client.perform(
                OpenSearchRequest(
                    "PUT", "/things", body: Array(#"{"mappings":{"properties":{"number":{"type":"long"}}}}"#.utf8)))
            var body = bulkBody(0..<100)
            body.append(
                action: Array(#"{"index":{"_index":"things","_id":"bad"}}"#.utf8),
                source: Array(#"{"number":"no number"}"#.utf8))
            let reports = Results<BulkReport>()
            for _ in 0..<2 { sender.submit(body) { reports.add($0) } }
            let all = reports.wait(for: 2)
            #expect(all.map(\.isComplete) == [true, true])
            #expect(all.map(\.rejections.count) == [1, 1])
            #expect(all.first?.rejections.first?.status == 400)
            #expect(all.first?.rejections.first?.type == "mapper_parsing_exception")
            #expect(try count("things", client) == 100)

            // Creating again what is there is no failure.
            sender.submit(bulkBody(50..<150, action: "create")) { reports.add($0) }
            let created = reports.wait(for: 3).last
            #expect(created?.isComplete == true && created?.rejections.isEmpty == true)
            #expect(try count("things", client) == 150)
        }
    }

    @Test func `documents wait for a server that is gone`() throws {
        try run { server, client in
            var options = BulkOptions()
            options.backoffMin = .milliseconds(5)
            options.backoffMax = .milliseconds(100)
            let sender = try BulkSender(client: client, options: options, logger: quietLogger())
            defer { sender.stop() }
            server.kill()
            let reports = Results<Bool>()
            sender.submit(bulkBody(0..<10)) { reports.add($0.isComplete) }
            while sender.state.problem == nil { usleep(1000) }
            #expect(sender.state.problem?.summary == "OpenSearch cannot be reached")
            try server.start()
            #expect(reports.wait(for: 1) == [true])
            #expect(try count("things", client) == 10)
        }
    }

    @Test(arguments: [false, true])
    func `a template is installed when it is missing or older, and a newer one stays`(isComposable: Bool) throws {
        try run { _, client in
            let installer = try TemplateInstaller(client: client, logger: quietLogger())
            func template(_ version: Int, shards: Int) throws -> IndexTemplate {
                let made = #""settings":{"index.number_of_shards":\#(shards)}"#
                let body = isComposable ? #""template":{\#(made)}"# : made
                return try IndexTemplate(
                    name: "my-things",
                    body: Array(#"{"index_patterns":["my-*"],"version":\#(version),\#(body)}"#.utf8))
            }
            #expect(try installer.install(template(2, shards: 2)) == .installed)
            #expect(try installer.install(template(2, shards: 9)) == .kept(version: 2))
            #expect(try installer.install(template(3, shards: 3)) == .updated(from: 2))
            #expect(try installer.install(template(1, shards: 9)) == .kept(version: 3))
            client.wait(bulkBody(0..<1, index: "my-index"))
            let settings = try client.perform(OpenSearchRequest("GET", "/my-index/_settings")).body
            #expect(String(decoding: settings, as: UTF8.self).contains(#""number_of_shards":"3""#))
        }
    }

    @Test func `a template without a version is somebody else's`() throws {
        try run { _, client in
            let installer = try TemplateInstaller(client: client, logger: quietLogger())
            let foreign = Array(#"{"index_patterns":["a-*"]}"#.utf8)
            _ = try client.perform(OpenSearchRequest("PUT", "/_template/a", body: foreign))
            let own = try IndexTemplate(name: "a", body: Array(#"{"index_patterns":["a-*"],"version":1}"#.utf8))
            #expect(try installer.install(own) == .foreign)
        }
    }

    @Test func `the first index of an alias is made once, and written through it`() throws {
        try run { _, client in
            let installer = try TemplateInstaller(client: client, logger: quietLogger())
            #expect(try installer.makeFirstIndex(base: "jaeger-span"))
            #expect(try !installer.makeFirstIndex(base: "jaeger-span"))
            client.wait(bulkBody(0..<3, index: "jaeger-span-write"))
            #expect(try count("jaeger-span-000001", client) == 3)
            #expect(try count("jaeger-span-read", client) == 3)
        }
    }
}

extension OpenSearchClient {
    fileprivate func wait(_ body: BulkBody) {
        let results = Results<Bool>()
        bulk(body) { result in results.add((try? result.get().problems.isEmpty) ?? false) }
        #expect(results.wait(for: 1) == [true])
    }
}
