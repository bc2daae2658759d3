import HTTPAPI
import Logging
import NetworkServer
import Synchronization
import TestSupport
import TraceModel
import TraceStore
import WireFormats

/// Tempo's query API on a free port of this machine, over the store that is tested.
final class TempoServer: Sendable {
    private let behind: StoreBehind
    private let group: HTTPServerGroup
    private let server: HTTPServer
    private let ready: ReadyFlag

    final class ReadyFlag: Sendable {
        let value = Atomic<Bool>(true)
    }

    /// Runs `body` against a new server, and ends that whatever happens.
    static func serving(
        limits: QueryLimits = QueryLimits(time: .seconds(30)), _ body: (TempoServer) throws -> Void
    ) async throws {
        let server = try TempoServer(limits)
        do {
            try body(server)
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    private init(_ limits: QueryLimits) throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        behind = try StoreBehind()
        var configuration = HTTPServerGroup.Configuration()
        configuration.eventLoopCount = 1
        group = HTTPServerGroup(configuration: configuration, logger: logger)
        let ready = ReadyFlag()
        self.ready = ready
        var router = HTTPRouter()
        TempoQueries(
            store: behind.store, limits: limits, version: "9.8.7", isReady: { ready.value.load(ordering: .acquiring) }
        ).register(on: &router)
        server = HTTPServer(name: "tempo", address: "127.0.0.1", port: 0, router: router, group: group)
        try server.start()
    }

    private func end() async {
        server.beginShutdown()
        await server.finishShutdown(deadline: .now)
        await group.shutDown()
        behind.close()
    }

    func setReady(_ isReady: Bool) { ready.value.store(isReady, ordering: .releasing) }

    /// One request on a connection of its own; parameters are percent-encoded here.
    func get(
        _ path: String, _ parameters: [(String, String)] = [], accept: String? = nil
    ) throws -> TestSupport.HTTPResponse {
        let connection = try HTTPConnection(port: UInt16(server.boundPort ?? 0))
        let query = parameters.map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&")
        return try connection.request(
            "GET", path + (query.isEmpty ? "" : "?" + query), headers: accept.map { [("accept", $0)] } ?? [])
    }

    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                return String(character)
            }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// Takes in a Zipkin v2 list and waits until it is kept.
    func post(zipkin json: String) throws {
        var builder = SpanBatchBuilder()
        try Array(json.utf8).withUnsafeBytes { bytes in
            _ = try ZipkinJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        try post(builder.makeBatch())
    }

    /// Takes in an OTLP request in JSON and waits until it is kept.
    func post(otlp json: String) throws {
        var builder = SpanBatchBuilder()
        try Array(json.utf8).withUnsafeBytes { bytes in
            _ = try OTLPJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        try post(builder.makeBatch())
    }

    func post(_ batch: SpanBatch) throws { try behind.take(batch) }
}
