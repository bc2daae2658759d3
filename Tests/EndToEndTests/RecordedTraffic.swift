import FoundationEssentials
import PeerTestSupport
import TestSupport

/// Posts of real sidecars, and what a collector must know after them: `Tests/Fixtures/README.md`.
///
/// Every timestamp is moved by the same time, so that the traffic ends ten seconds ago, or when a test wants it to;
/// nothing else is changed.
struct RecordedTraffic {
    struct Truth: Decodable {
        struct Spans: Decodable {
            let count: Int
            /// Of the spans those at or below a proxy's copy of a request; nil: none.
            let mirrored: Int?
            let byService: [String: Int]
        }

        struct Trace: Decodable {
            let traceId: String
            let spans: Int
        }

        /// Calls of one service by another; where versions are told, of a version by a version.
        struct Edge: Decodable, Hashable {
            var parent: String
            var parentVersion: String?
            var child: String
            var childVersion: String?
            var callCount = 0
            var errorCount = 0
            /// Of the calls those at or below a proxy's copy of a request; nil: none.
            var mirroredCount: Int?
        }

        let posts: Int
        let spans: Spans
        let traces: [Trace]
        let edges: [Edge]
        let versionEdges: [Edge]
    }

    /// What the bodies are, and where they go.
    enum Form {
        case zipkinJSON, zipkinProtobuf, otlpHTTP, otlpGRPC

        init(folder: String) {
            self =
                if folder.contains("zipkin-proto") {
                    .zipkinProtobuf
                } else if folder.contains("otlp-grpc") {
                    .otlpGRPC
                } else if folder.contains("otlp") {
                    .otlpHTTP
                } else {
                    .zipkinJSON
                }
        }

        func spans(_ body: [UInt8]) throws -> [ZipkinSpan] {
            switch self {
            case .zipkinJSON: try ZipkinSpan.decodeList(body)
            case .zipkinProtobuf: try RecordedProtobuf.zipkinSpans(body)
            case .otlpHTTP, .otlpGRPC: try RecordedProtobuf.otlpSpans(body)
            }
        }
    }

    let form: Form
    /// The bodies, in the order of arrival.
    let bodies: [[UInt8]]
    /// As Zipkin's API must tell them.
    let spansByTrace: [String: [ZipkinSpan]]
    let truth: Truth

    /// - Parameter end: when the last span ends, in microseconds since 1970.
    init(_ folder: String, endingAt end: Int64 = TimeWindow.nowMicroseconds - 10_000_000) throws {
        let path = Repository.path + "/Tests/Fixtures/\(folder)"
        let form = Form(folder: folder)
        self.form = form
        let recorded = try Self.recordedBodies(path, isText: form == .zipkinJSON)
        let newest = try recorded.flatMap { try form.spans($0) }.map { ($0.timestamp ?? 0) + ($0.duration ?? 0) }.max()
        let shift = end - (newest ?? 0)
        bodies = try recorded.map { body in
            switch form {
            case .zipkinJSON: Self.shiftTimestamps(of: body, by: shift)
            case .zipkinProtobuf: try RecordedProtobuf.shifted(body, .zipkin, by: shift)
            case .otlpHTTP, .otlpGRPC: try RecordedProtobuf.shifted(body, .otlp, by: shift * 1_000)
            }
        }
        spansByTrace = Dictionary(grouping: try bodies.flatMap { try form.spans($0) }, by: \.traceId)
        truth = try JSONDecoder().decode(Truth.self, from: try Data(contentsOf: URL(filePath: path + "/truth.json")))
    }

    /// Bodies of text are lines; others stand each after its length in four bytes, the highest first.
    private static func recordedBodies(_ path: String, isText: Bool) throws -> [[UInt8]] {
        let file = path + (isText ? "/posts.jsonl.gz" : "/posts.bin.gz")
        let content = try Gzip.unpacked(Array(try Data(contentsOf: URL(filePath: file))))
        if isText { return content.split(separator: 10).map { Array($0) } }
        var bodies: [[UInt8]] = []
        var rest = content[...]
        while !rest.isEmpty {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4 + length else { throw TestSupportError("\(file) is cut short") }
            bodies.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return bodies
    }

    /// Sends every body to the listener that it was recorded for, the way Envoy does.
    /// - Returns: the answers; none for gRPC, whose client ends with an error at the first refusal.
    func replay(to process: SkeinProcess) throws -> [HTTPResponse] {
        switch form {
        case .zipkinJSON:
            return try post("zipkin", "/api/v2/spans", "application/json", process)
        case .zipkinProtobuf:
            return try post("zipkin", "/api/v2/spans", "application/x-protobuf", process)
        case .otlpHTTP:
            return try post("otlp-http", "/v1/traces", "application/x-protobuf", process)
        case .otlpGRPC:
            let folder = try TemporaryFolder()
            let content = bodies.flatMap { body in
                stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: body.count >> $0) } + body
            }
            try Data(content).write(to: URL(filePath: folder.path + "/bodies"))
            _ = try PeerEnvironment.current.run(
                "post_grpc.py",
                [
                    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                    "\(try process.port("otlp-grpc"))", folder.path + "/bodies",
                ])
            return []
        }
    }

    private func post(
        _ listener: String, _ path: String, _ contentType: String, _ process: SkeinProcess
    ) throws -> [HTTPResponse] {
        let connection = try HTTPConnection(port: try process.port(listener))
        return try bodies.map { body in
            try connection.request(
                "POST", path, headers: [("content-type", contentType)], body: .chunked(body, chunkByteCount: 16_384))
        }
    }

    private static func shiftTimestamps(of body: [UInt8], by shift: Int64) -> [UInt8] {
        let mark = #""timestamp":"#
        let parts = String(decoding: body, as: UTF8.self).split(separator: mark, omittingEmptySubsequences: false)
        var shifted = String(parts[0])
        for part in parts.dropFirst() {
            let digits = part.prefix { $0.isNumber }
            shifted += mark + String((Int64(digits) ?? 0) + shift) + part[digits.endIndex...]
        }
        return Array(shifted.utf8)
    }
}
