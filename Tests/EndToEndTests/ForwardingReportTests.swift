import Foundation
import PeerTestSupport
import TestSupport
import Testing

extension EndToEndTests {
    /// What is wrong with a cluster is told in words, costs nothing, and is over when it is mended.
    @Suite struct ForwardingReportTests {
        private static let options = [
            "--seal-age", "1s", "--opensearch-delay", "500ms", "--opensearch-backoff-min", "20ms",
            "--opensearch-backoff-max", "500ms", "--opensearch-dependencies-interval", "off",
        ]
        private static let spanCount = 2_000
        private static let secret = "s3cr3t-\(UInt64.random(in: 1 << 40...1 << 50))"

        private struct Setting {
            let sink: OpenSearchProcess
            let proxy: OpenSearchProcess
            let traffic = ForwardingTraffic(spanCount: ForwardingReportTests.spanCount)

            let address: String

            init(certificate: String? = nil, address: String = "127.0.0.1") throws {
                sink = try .sink()
                proxy = try .proxy(before: try sink.port, certificate: certificate, address: address)
                self.address = address
            }

            func started(_ scheme: String, _ options: [String]) throws -> SkeinProcess {
                let process = try SkeinProcess.started(
                    options: ["--opensearch-urls", "\(scheme)://\(address):\(try proxy.port)"]
                        + ForwardingReportTests.options + options)
                let posted = traffic.post(0..<traffic.spanCount, to: try process.port("zipkin"))
                #expect(posted.end == traffic.spanCount && posted.refusals == 0)
                return process
            }

            /// All of it is in the index, once.
            func expectAll(_ process: SkeinProcess) throws {
                try ForwardingClient(process).waitUntilAllIsHandedOn(seconds: 60)
                let there = traffic.account(ofDocumentIDs: try sink.ids(prefix: "jaeger-span-"))
                #expect(there.strangers == [] && there.distinctCount == traffic.spanCount)
                #expect(there.numbersTwice.isEmpty)
            }
        }

        /// Waits until metrics, log and readiness tell of it, and the command line does too.
        private func expectTold(_ words: [String], by process: SkeinProcess) throws {
            let client = try ForwardingClient(process)
            #expect(try PeerTests.waited(for: Self.spanCount) { try client.sealedLag() } == Self.spanCount)
            func holds(_ text: String) -> Bool { words.contains { text.localizedCaseInsensitiveContains($0) } }
            #expect(try PeerTests.waited(for: true) { holds(process.standardError) })
            #expect(try PeerTests.waited(for: true) { holds(try client.readiness().text) })
            let ready = try client.readiness()
            #expect(ready.status == 200, "a cluster that is away does not make the program useless: \(ready.text)")
            let status = try client.status()
            #expect(holds(status) && status.filter(\.isNumber).contains("\(Self.spanCount)"), "\(status)")
            let statistics = try client.storeStatistics()
            #expect(statistics.contains("lag_spans"), "\(statistics)")
        }

        @Test func `a wrong password is told of, and all is handed on once its file is right`() throws {
            let setting = try Setting()
            let right = Data("forwarder:\(Self.secret)".utf8).base64EncodedString()
            try setting.proxy.setFaults(#"{"authorization":"Basic \#(right)"}"#)
            let folder = try TemporaryFolder()
            let file = folder.path + "/password"
            let wrong = "not-" + Self.secret
            try Data((wrong + "\n").utf8).write(to: URL(filePath: file))
            let process = try setting.started(
                "http", ["--opensearch-username", "forwarder", "--opensearch-password-file", file])
            try expectTold(["401"], by: process)
            #expect(try setting.sink.report().documents == 0)
            try expectNoSecret([Self.secret, right], process, options: ["--opensearch-password-file", file])

            try Data((Self.secret + "\n").utf8).write(to: URL(filePath: file))
            try setting.expectAll(process)
            #expect(
                try PeerTests.waited(for: false) { try ForwardingClient(process).readiness().text.contains("401") }
                    == false)
            try expectNoSecret([Self.secret, right], process, options: ["--opensearch-password-file", file])
            try process.terminate()
        }

        @Test func `a certificate of the wrong kind is told of, and all is handed on once there is a right one`() throws
        {
            let setting = try Setting(certificate: "client")
            let process = try setting.started("https", Self.authority)
            try expectTold(["certificate"], by: process)
            #expect(try setting.sink.report().documents == 0)
            let port = try setting.proxy.port
            setting.proxy.kill()
            let mended = try OpenSearchProcess.proxy(before: try setting.sink.port, certificate: "server", on: port)
            try setting.expectAll(process)
            #expect(try mended.faultCounts()["requests", default: 0] > 0)
            try process.terminate()
        }

        @Test func `a certificate for another name is told of, and all is handed on under the right name`() throws {
            let setting = try Setting(certificate: "server", address: "127.0.0.2")
            let process = try setting.started("https", Self.authority)
            try expectTold(["certificate"], by: process)
            #expect(try setting.sink.report().documents == 0)
            try process.terminate()
            let right = try OpenSearchProcess.proxy(before: try setting.sink.port, certificate: "server")
            let restarted = SkeinProcess(
                data: process.data,
                options: ["--opensearch-urls", "https://127.0.0.1:\(try right.port)"] + Self.options + Self.authority)
            try restarted.start()
            try setting.expectAll(restarted)
            try restarted.terminate()
        }

        private static let authority = ["--opensearch-ca", OpenSearchProcess.certificateFolder + "/ca.pem"]

        @Test func `whoever takes any certificate is warned`() throws {
            let setting = try Setting(certificate: "client")
            let process = try setting.started("https", ["--opensearch-skip-host-verify", "true"])
            try setting.expectAll(process)
            #expect(process.standardError.contains("NOT VERIFIED"), "\(process.standardError)")
            try process.terminate()
        }

        @Test func `secrets stand in no log, no metric and no printed configuration`() throws {
            let setting = try Setting()
            let options = ["--opensearch-username", "forwarder", "--opensearch-password", Self.secret]
            let process = try setting.started("http", options)
            try setting.expectAll(process)
            let right = Data("forwarder:\(Self.secret)".utf8).base64EncodedString()
            try setting.proxy.setFaults(#"{"unauthorized":true}"#)
            _ = setting.traffic.post(0..<100, to: try process.port("zipkin"))
            #expect(try PeerTests.waited(for: true) { process.standardError.contains("401") })
            try expectNoSecret([Self.secret, right], process, options: options)
            try process.terminate()
        }

        private func expectNoSecret(_ secrets: [String], _ process: SkeinProcess, options: [String]) throws {
            let client = try ForwardingClient(process)
            let printed = try Program.skein(
                ["config", "print", "--opensearch-urls", "http://127.0.0.1:1", "--opensearch-username", "forwarder"]
                    + options.suffix(2))
            let texts = [
                "log": process.standardError, "metrics": try client.metrics().text,
                "readiness": try client.readiness().text,
                "configuration": String(decoding: printed, as: UTF8.self),
            ]
            for (name, text) in texts {
                for secret in secrets { #expect(!text.contains(secret), "a secret stands in \(name)") }
            }
            for secret in secrets { #expect(try process.data.files(containing: secret) == []) }
        }
    }
}
