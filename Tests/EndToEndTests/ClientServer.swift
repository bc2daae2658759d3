import FoundationEssentials
import TestSupport
import Testing

/// What clients of the query APIs ask, in their order and their words, and whether the answers hold each field that
/// they read, as strictly as they read it. All ask one server that has recorded traffic of a mesh.
@Suite(.serialized, .onOwnThread, .servingClients) enum ClientTests {}

/// The server that the suite's tests ask, and what it holds.
final class ClientServer: Sendable {
    @TaskLocal fileprivate static var running: ClientServer?

    private let ports: [String: UInt16]
    /// Of all traffic, by trace ID.
    let spansByTrace: [String: [ZipkinSpan]]

    /// The mesh's older traffic came as Zipkin's JSON, with IDs of 64 bits too, and the newer over OTLP.
    private static let folders = ["bookinfo", "bookinfo-odd", "bookinfo-otlp-http", "bookinfo-otlp-http-odd"]

    static var current: ClientServer {
        get throws {
            guard let running else { throw TestSupportError("no server runs for the suite") }
            return running
        }
    }

    fileprivate init(_ process: SkeinProcess) throws {
        var ports: [String: UInt16] = [:]
        for listener in ["zipkin", "query", "query-grpc", "jaeger-storage", "tempo"] {
            ports[listener] = try process.port(listener)
        }
        self.ports = ports
        var spansByTrace: [String: [ZipkinSpan]] = [:]
        for folder in Self.folders {
            let traffic = try RecordedTraffic(folder)
            for answer in try traffic.replay(to: process) { try #require([200, 202].contains(answer.status)) }
            spansByTrace.merge(traffic.spansByTrace) { $0 + $1 }
        }
        self.spansByTrace = spansByTrace
    }

    func port(_ listener: String) throws -> UInt16 { try #require(ports[listener]) }

    // MARK: Requests

    /// One request on a connection of its own.
    /// - Parameter query: names and values, which are encoded as Go does it.
    func get(
        _ listener: String, _ path: String, _ query: [(String, String)] = [],
        headers: [(String, String)] = [("accept", "application/json")]
    ) throws -> HTTPResponse {
        let connection = try HTTPConnection(port: try port(listener))
        let text = query.map { "\(Self.encoded($0))=\(Self.encoded($1))" }.joined(separator: "&")
        return try connection.request("GET", text.isEmpty ? path : "\(path)?\(text)", headers: headers)
    }

    /// The same, whose answer has to be JSON with status 200.
    func json(_ listener: String, _ path: String, _ query: [(String, String)] = []) throws -> ClientJSON {
        let answer = try get(listener, path, query)
        try #require(answer.status == 200, "\(path) \(query): \(answer.text.prefix(300))")
        #expect(answer.header("content-type")?.hasPrefix("application/json") == true)
        return try ClientJSON(answer.body)
    }

    /// As `url.QueryEscape`.
    static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-_.~".contains(character) {
                encoded.append(character)
            } else if character == " " {
                encoded.append("+")
            } else {
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    // MARK: What is stored

    /// IDs of the traces with a span that passes.
    func traceIDs(where passes: (ZipkinSpan) -> Bool) -> Set<String> {
        Set(spansByTrace.filter { $0.value.contains(where: passes) }.keys)
    }

    var services: [String] {
        Set(spansByTrace.values.joined().compactMap { $0.localEndpoint?.serviceName }).sorted()
    }

    /// One trace, the one with the most spans.
    var trace: (id: String, spans: [ZipkinSpan]) {
        get throws {
            let most = spansByTrace.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
            return try #require(most.map { ($0.key, $0.value) })
        }
    }

    /// An hour ago until a minute ahead, in seconds.
    static var seconds: (start: Int64, end: Int64) {
        let window = TimeWindow.lastHour
        return (window.start / 1_000_000, window.end / 1_000_000)
    }
}

/// Runs the server while the suite's tests run.
struct ServingClients: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let process = try SkeinProcess.started()
        try await ClientServer.$running.withValue(try ClientServer(process)) { try await function() }
        #expect(process.isRunning)
        try process.terminate()
    }
}

extension Trait where Self == ServingClients {
    static var servingClients: ServingClients { ServingClients() }
}
