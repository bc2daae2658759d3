import TestSupport

/// All recordings, one after the other in time with some minutes between, and what the topology must say of each.
struct TopologyTraffic {
    struct Post: Sendable {
        let listener: String
        let path: String
        let contentType: String
        let body: [UInt8]
    }

    static let folders = [
        "bookinfo", "bookinfo-mirror", "bookinfo-odd", "bookinfo-zipkin-proto", "bookinfo-zipkin-proto-odd",
        "bookinfo-otlp-http", "bookinfo-otlp-http-odd", "bookinfo-otlp-grpc", "bookinfo-otlp-grpc-odd",
    ]
    private static let distance: Int64 = 300_000_000

    let recordings: [(name: String, traffic: RecordedTraffic, window: TimeWindow)]

    init() throws {
        let end = TimeWindow.nowMicroseconds - 10_000_000
        recordings = try Self.folders.enumerated().map { index, folder in
            let end = end - Int64(index) * Self.distance
            return (
                folder, try RecordedTraffic(folder, endingAt: end),
                TimeWindow(start: end - Self.distance / 2, end: end + 1_000_000)
            )
        }
    }

    var spanCount: Int { recordings.reduce(0) { $0 + $1.traffic.truth.spans.count } }
    var mirroredSpanCount: Int { recordings.reduce(0) { $0 + ($1.traffic.truth.spans.mirrored ?? 0) } }
    /// Some odd requests have the same trace ID in several recordings.
    var spanCountsByTrace: [String: Int] {
        Dictionary(recordings.flatMap { $0.traffic.truth.traces }.map { ($0.traceId, $0.spans) }, uniquingKeysWith: +)
    }
    var traceCount: Int { spanCountsByTrace.count }

    /// Bodies of calls are sent over HTTP, where the same bytes mean the same.
    var posts: [Post] { recordings.flatMap { posts(of: $0.traffic) } }

    func posts(of traffic: RecordedTraffic) -> [Post] { traffic.bodies.map { post($0, traffic) } }

    /// Each span in a post of its own.
    func singleSpanPosts() throws -> [Post] {
        try recordings.flatMap { recording in
            let traffic = recording.traffic
            let bodies = try traffic.bodies.flatMap { body in
                traffic.form == .zipkinJSON
                    ? try ZipkinSpan.decodeList(body).map { try ZipkinSpan.encodeList([$0]) }
                    : try RecordedProtobuf.singleSpans(body, traffic.form)
            }
            return bodies.map { post($0, traffic) }
        }
    }

    private func post(_ body: [UInt8], _ traffic: RecordedTraffic) -> Post {
        switch traffic.form {
        case .zipkinJSON:
            Post(listener: "zipkin", path: "/api/v2/spans", contentType: "application/json", body: body)
        case .zipkinProtobuf:
            Post(listener: "zipkin", path: "/api/v2/spans", contentType: "application/x-protobuf", body: body)
        case .otlpHTTP, .otlpGRPC:
            Post(listener: "otlp-http", path: "/v1/traces", contentType: "application/x-protobuf", body: body)
        }
    }

    /// Sends posts in their order, each after the answer to the one before.
    /// - Returns: what went wrong, nil if nothing did.
    static func send(_ posts: some Sequence<Post>, to ports: [String: UInt16]) -> String? {
        do {
            let connections = try ports.mapValues { try HTTPConnection(port: $0) }
            for post in posts {
                let response = try connections[post.listener]?.request(
                    "POST", post.path, headers: [("content-type", post.contentType)], body: .bytes(post.body))
                guard response?.status == 200 || response?.status == 202 else {
                    return "\(post.path): \(response?.status ?? 0) \(response?.text ?? "")"
                }
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Sends posts over several connections at once.
    static func send(_ posts: [Post], to process: SkeinProcess, connections: Int = 1) throws {
        let ports = [
            "zipkin": try process.port("zipkin"), "otlp-http": try process.port("otlp-http"),
        ]
        let threads = (0..<connections).map { number in
            BackgroundThread {
                send(stride(from: number, to: posts.count, by: connections).lazy.map { posts[$0] }, to: ports)
            }
        }
        let problems = threads.compactMap { $0.join() }
        if let problem = problems.first { throw TestSupportError(problem) }
    }
}
