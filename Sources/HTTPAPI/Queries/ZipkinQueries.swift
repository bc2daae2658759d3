internal import Bytes
internal import Glibc
public import HTTPServer
internal import TraceModel
public import TraceStore
internal import WireFormats

/// Zipkin's query API, version 2, on the port that its spans come to.
public struct ZipkinQueries: Sendable {
    private let store: TraceStore
    private let lookback: Int64

    /// Names that are cached by clients for a while when there are more than these.
    private static let uncachedNameCountMax = 3

    /// - Parameter lookback: nanoseconds that a search goes back where it does not say.
    public init(store: TraceStore, lookback: Int64) {
        self.store = store
        self.lookback = lookback
    }

    public func register(on router: inout HTTPRouter) {
        router.on(.get, "/api/v2/trace/:traceId", .workerThread(Self.answering(trace)))
        router.on(.get, "/api/v2/traces", .workerThread(Self.answering(traces)))
        router.on(.get, "/api/v2/traceMany", .workerThread(Self.answering(traceMany)))
        router.on(.get, "/api/v2/services", .workerThread(Self.answering(services)))
        router.on(.get, "/api/v2/spans", .workerThread(Self.answering(spans)))
        router.on(.get, "/api/v2/remoteServices", .workerThread(Self.answering(remoteServices)))
        router.on(
            .get, "/health",
            .eventLoop { _, _, responder in
                responder.respond(.json(Array("{\"status\":\"UP\",\"zipkin\":{\"status\":\"UP\"}}".utf8)))
            })
    }

    private typealias Handler = @Sendable (HTTPRequest, HTTPParameters) throws -> HTTPResponse

    private static func answering(_ handler: @escaping Handler) -> Handler {
        { request, parameters in
            do {
                return try handler(request, parameters)
            } catch let error as QueryError {
                throw HTTPError(.badRequest, error.message)
            }
        }
    }

    @Sendable private func trace(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        let traceID = try Self.traceID(parameters["traceId"] ?? "")
        guard let trace = try store.trace(traceID) else { throw HTTPError(.notFound, "\(traceID) not found") }
        var writer = ByteWriter(capacity: trace.spans.count * 1024)
        ZipkinJSONEncoder.appendList(trace.spans, to: &writer)
        return .json(writer.bytes)
    }

    @Sendable private func traces(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        let query = try ZipkinQueryParameters.query(
            QueryParameters(request.query), now: Clock.now(), lookback: lookback)
        return Self.answer(try store.find(query).traces)
    }

    @Sendable private func traceMany(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        let names = QueryParameters(request.query).text("traceIds") ?? ""
        let traceIDs = try names.split(separator: ",").map { try Self.traceID(String($0)) }
        guard !traceIDs.isEmpty else { throw QueryError("traceIds parameter is empty") }
        guard traceIDs.count > 1 else { throw QueryError("traceIds parameter requires at least two trace IDs") }
        guard Set(traceIDs).count == traceIDs.count else { throw QueryError("traceIds parameter has redundant trace IDs") }
        return Self.answer(try store.traces(traceIDs))
    }

    @Sendable private func services(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        Self.answer(names: try store.serviceNames())
    }

    @Sendable private func spans(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        let names = Set(try store.operations(ofService: try Self.serviceName(request)).map(\.name))
        return Self.answer(names: names.sorted())
    }

    @Sendable private func remoteServices(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        Self.answer(names: try store.remoteServiceNames(ofService: try Self.serviceName(request)))
    }

    private static func serviceName(_ request: HTTPRequest) throws -> String {
        guard let name = QueryParameters(request.query).text("serviceName") else {
            throw QueryError("serviceName parameter is missing")
        }
        return name.lowercased()
    }

    private static func traceID(_ text: String) throws -> TraceID {
        let trimmed = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        guard let traceID = TraceID(hex: String(trimmed)) else {
            throw QueryError("\(String(trimmed)) should be a 1 to 32 character lower-hex string with no prefix")
        }
        return traceID
    }

    private static func answer(_ traces: [Trace]) -> HTTPResponse {
        var writer = ByteWriter()
        ZipkinJSONEncoder.appendTraces(traces, to: &writer)
        return .json(writer.bytes)
    }

    private static func answer(names: [String]) -> HTTPResponse {
        var writer = ByteWriter()
        writer.writeJSONStrings(names)
        var response = HTTPResponse.json(writer.bytes)
        if names.count > uncachedNameCountMax {
            response.headers.append(("Cache-Control", "max-age=300, must-revalidate"))
        }
        return response
    }
}

enum Clock {
    /// Nanoseconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension ByteWriter {
    /// A list of strings.
    mutating func writeJSONStrings(_ texts: [String]) {
        write("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { write(",") }
            writeJSONString(text)
        }
        write("]")
    }
}
