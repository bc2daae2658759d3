import Configuration
import FoundationEssentials
import TestSupport
import Testing

@Suite struct ConfigurationTests {
    @Test func `what nobody sets is at its default`() throws {
        let configuration = Configuration()
        #expect(configuration.dataPath == "./skein-data")
        #expect(configuration.listenAddresses == ["127.0.0.1", "::1"])
        #expect(
            [configuration.port(of: .zipkin), configuration.port(of: .query), configuration.port(of: .admin)] == [
                9411, 16686, 14269,
            ])
        #expect(configuration.bodyByteCountMax == 20 << 20)
        #expect(configuration.unpackedByteCountMax == 64 << 20)
        #expect(configuration.spansPerRequestMax == 100_000)
        #expect(configuration.attributesPerSpanMax == 1024)
        #expect(configuration.valueByteCountMax == 64 << 10)
        #expect(configuration.headerByteCountMax == 64 << 10)
        #expect(configuration.connectionCountMax == 10_000)
        #expect(configuration.inFlightByteCountMax == 256 << 20)
        #expect(configuration.idleTimeout == .seconds(75))
        #expect(configuration.requestTimeout == .seconds(30))
        #expect(configuration.journalSync == .interval(.seconds(1)))
        #expect(configuration.journalPartByteCountMax == 64 << 20)
        #expect(configuration.journalQueueByteCountMax == 64 << 20)
        #expect(configuration.liveByteCountMax == 48 << 20)
        #expect(configuration.sealAge == .seconds(600))
        #expect(configuration.sealIdle == .seconds(10))
        #expect(configuration.blockSpanCount == 8192)
        #expect(configuration.compressionLevel == 9)
        #expect(configuration.retentionAge == .seconds(7 * 86_400))
        #expect(configuration.retentionByteCount == nil)
        #expect(configuration.queryThreadCount == 4)
        #expect(configuration.queryLookback == .seconds(86_400))
        #expect(configuration.eventLoopCount == 0)
        #expect(configuration.logLevel == "info")
        #expect(configuration.logFormat == "auto")
        #expect(configuration.entries.count == Setting.all.count)
    }

    @Test func `an option counts before the environment, that before the file`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/skein.yaml"
        let text = """
            zipkin:
              port: 1
            query:
              port: 2
              threads: 7
            admin: {port: 3}
            """
        try Data(text.utf8).write(to: URL(filePath: path))
        let configuration = try Configuration(
            options: ["zipkin.port": ["11"]],
            environment: ["SKEIN_ZIPKIN_PORT": "21", "SKEIN_QUERY_PORT": "22", "HOME": "/"], filePath: path)
        #expect(configuration.port(of: .zipkin) == 11)
        #expect(configuration.port(of: .query) == 22)
        #expect(configuration.port(of: .admin) == 3)
        #expect(configuration.queryThreadCount == 7)
        #expect(configuration.entry("zipkin.port").origin == .option(name: "zipkin-port"))
        #expect(configuration.entry("query.port").origin == .environment(name: "SKEIN_QUERY_PORT"))
        #expect(configuration.entry("query.threads").origin == .file(path: path, line: 5, column: 3))

        let named = try Configuration(environment: ["SKEIN_CONFIG": path])
        #expect(named.port(of: .zipkin) == 1)
    }

    @Test func `an unknown key is refused with its place and the nearest name`() {
        #expect(
            problems("zipkin:\n  prot: 1\n") == [
                "unknown key 'zipkin.prot' at skein.yaml:2:3; did you mean 'zipkin.port'?"
            ])
        #expect(problems("\n\nstoer:\n  live-bytes: 1MiB\n") == ["unknown key 'stoer' at skein.yaml:3:1"])
        #expect(problems("lisen: [a]\n") == ["unknown key 'lisen' at skein.yaml:1:1; did you mean 'listen'?"])
    }

    @Test func `a wrong value is refused with what was expected`() {
        #expect(
            problems("zipkin: {port: 70000}") == [
                "wrong value '70000' for 'zipkin.port' at skein.yaml:1:10: "
                    + "expected a port from 0 (any free one) to 65535, or 'off'"
            ])
        #expect(
            problems("limits:\n  body-bytes: 64 parsecs\n") == [
                "wrong value '64 parsecs' for 'limits.body-bytes' at skein.yaml:2:3: expected a size from 1KiB to 1GiB"
            ])
        #expect(problems("data: [a, {b: c}]").first?.hasPrefix("wrong value for 'data' at skein.yaml:1:1") == true)
        #expect(
            problems("admin: 9411") == [
                "'admin' at skein.yaml:1:1 has a value, but is a group: expected 'port:' below it"
            ])
        #expect(problems("- a\n- b\n").count == 1)
    }

    @Test func `everything that is wrong is told at once`() {
        #expect(problems("zipkin: {port: x}\nquery: {port: y}\nfoo: 1\n").count == 3)
    }

    @Test func `a key that is set twice is refused`() {
        #expect(problems("data: a\ndata: b\n").count == 1)
        #expect(
            problems("zipkin: {port: 1}\nzipkin.port: 2\n") == ["'zipkin.port' is set a second time at skein.yaml:2:1"])
    }

    @Test func `what is no YAML is refused with its place`() {
        let found = problems("zipkin: [1\nquery: }\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("not YAML at skein.yaml:2") == true, "\(found)")
    }

    @Test(arguments: ["", "\n", "# nothing\n", "zipkin:\n", "limits: ~\n"])
    func `a file that sets nothing is a file`(text: String) {
        #expect(problems(text) == [])
    }

    @Test func `a file that is not there is refused`() {
        #expect(throws: ConfigurationError.self) { try Configuration(filePath: "/nowhere/skein.yaml") }
    }

    @Test func `unknown and wrong environment variables are refused`() {
        #expect(
            problems(["SKEIN_ZIPKIN_PROT": "1"]) == [
                "unknown environment variable 'SKEIN_ZIPKIN_PROT'; did you mean 'SKEIN_ZIPKIN_PORT'?"
            ])
        #expect(problems(["SKEIN_ZIPKIN_PORT": ""]).first?.contains("expected a port") == true)
        #expect(problems(["SKEINX": "1", "PATH": "/bin"]) == [])
    }

    @Test func `variables that an orchestrator makes of a service called skein are let be`() {
        let links = [
            "SKEIN_SERVICE_HOST": "10.0.0.1", "SKEIN_SERVICE_PORT": "9411", "SKEIN_SERVICE_PORT_ZIPKIN": "9411",
            "SKEIN_PORT": "tcp://10.0.0.1:9411", "SKEIN_PORT_9411_TCP": "tcp://10.0.0.1:9411",
            "SKEIN_PORT_9411_TCP_ADDR": "10.0.0.1", "SKEIN_PORT_9411_TCP_PORT": "9411",
            "SKEIN_QUERY_PORT": "tcp://10.0.0.2:16686", "SKEIN_QUERY_SERVICE_HOST": "10.0.0.2",
        ]
        #expect(problems(links) == [])
    }

    @Test func `the offset is added to every port but 0 and off`() throws {
        let configuration = try Configuration(
            options: ["port-offset": ["1000"], "query.port": ["0"], "admin.port": ["off"]])
        #expect(configuration.port(of: .zipkin) == 10411)
        #expect(configuration.port(of: .query) == 0)
        #expect(configuration.port(of: .admin) == nil)
    }

    @Test func `ports that clash or leave the range are refused`() {
        #expect(throws: ConfigurationError.self) { try Configuration(options: ["zipkin.port": ["16686"]]) }
        #expect(throws: ConfigurationError.self) { try Configuration(options: ["port-offset": ["60000"]]) }
    }

    @Test func `an option given several times makes a list`() throws {
        let configuration = try Configuration(options: ["listen": ["127.0.0.2", "::1"]])
        #expect(configuration.listenAddresses == ["127.0.0.2", "::1"])
    }

    @Test func `what is printed as a file reads back as the same configuration`() throws {
        let configuration = try Configuration(
            options: ["data": ["/a b/\"c\": #\\d"], "journal.sync": ["always"], "retention.bytes": ["3GiB"]])
        let again = try Configuration(fileText: configuration.yaml, path: "printed.yaml")
        #expect(again.entries.map(\.value) == configuration.entries.map(\.value))
        #expect(configuration.yaml.contains("\nzipkin:\n  port: 9411  # default\n"))
        #expect(configuration.yaml.contains("  sync: always  # option --journal-sync\n"))
    }

    @Test func `the JSON form has every setting`() throws {
        struct Item: Decodable {
            let value: String
            let origin: String
        }
        let items = try JSONDecoder().decode([String: Item].self, from: Data(Configuration().json.utf8))
        #expect(items.keys.sorted() == Setting.all.map(\.key).sorted())
        #expect(items["zipkin.port"]?.value == "9411")
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try Configuration(fileText: text, path: "skein.yaml")
            return []
        } catch {
            return error.problems
        }
    }

    private func problems(_ environment: [String: String]) -> [String] {
        do {
            _ = try Configuration(environment: environment)
            return []
        } catch {
            return error.problems
        }
    }
}
