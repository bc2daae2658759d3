import Foundation
import Workload

/// Requests for a service of which nine in ten go to v1 and one to v2, which fails more, takes longer, and alone calls
/// another one.
struct ReleaseLoad: CountedLoad {
    let requestCount: Int
    /// Of the first request and of the one after the last, in microseconds since 1970.
    let window: Range<Int64>

    static let requestsPerPost = 20
    private static let operationCount = 10

    var postCount: Int { (requestCount + Self.requestsPerPost - 1) / Self.requestsPerPost }
    var candidateCount: Int { (0..<requestCount).reduce(0) { $0 + (isOfCandidate($1) ? 1 : 0) } }
    /// Caller and callee; of the candidate as many again.
    var spanCount: Int { 2 * requestCount + 2 * candidateCount }

    private func isOfCandidate(_ request: Int) -> Bool { Self.random(request, 1) % 10 == 0 }
    private func isFailed(_ request: Int) -> Bool {
        Self.random(request, 2) % 1000 < (isOfCandidate(request) ? 20 : 5)
    }

    /// The same for the same request.
    private static func random(_ request: Int, _ stream: UInt64) -> UInt64 {
        var generator = SeededGenerator(seed: stream, index: request)
        return generator.next()
    }

    func write(post number: Int, into body: inout [UInt8]) {
        body.removeAll(keepingCapacity: true)
        let first = number * Self.requestsPerPost
        for request in first..<min(first + Self.requestsPerPost, requestCount) { write(request: request, into: &body) }
        body[0] = UInt8(ascii: "[")
        body.append(UInt8(ascii: "]"))
    }

    private func write(request: Int, into body: inout [UInt8]) {
        let isCandidate = isOfCandidate(request)
        let version = isCandidate ? "v2" : "v1"
        let id = Self.hexadecimal(UInt64(request + 1) &* 0x9E37_79B9_7F4A_7C15)
        let length = window.upperBound - window.lowerBound
        let start = window.lowerBound + Int64(Double(request) / Double(requestCount) * Double(length))
        let operation = "GET /operation/\(Self.random(request, 3) % UInt64(Self.operationCount))"
        let sum = (4..<8).reduce(0.0) { $0 + Double(Self.random(request, $1) >> 11) * 0x1p-53 }
        let duration = Int64(6_000 * exp((sum - 2) * 0.8) * (isCandidate ? 1.3 : 1))
        let status = isFailed(request) ? "503" : "200"
        typealias Span = (kind: String, service: String, version: String, operation: String, status: String)
        var spans: [Span] = [
            ("CLIENT", "front", "v1", operation, status), ("SERVER", "compared", version, operation, status),
        ]
        if isCandidate {
            spans += [("CLIENT", "compared", "v2", "GET /x", "200"), ("SERVER", "ratings", "v1", "GET /x", "200")]
        }
        for (number, span) in spans.enumerated() {
            body.append(contentsOf: ",{\"traceId\":\"\(id)\(id)\",\"id\":\"000000000000000\(number + 1)\",".utf8)
            if number > 0 { body.append(contentsOf: "\"parentId\":\"000000000000000\(number)\",".utf8) }
            body.append(contentsOf: "\"kind\":\"\(span.kind)\",\"name\":\"\(span.operation)\",".utf8)
            body.append(contentsOf: "\"timestamp\":\(start + Int64(number) * 100),".utf8)
            body.append(contentsOf: "\"duration\":\(max(1, duration - Int64(number) * 300)),".utf8)
            body.append(contentsOf: "\"localEndpoint\":{\"serviceName\":\"\(span.service)\"},".utf8)
            body.append(contentsOf: "\"tags\":{\"version\":\"\(span.version)\",".utf8)
            body.append(contentsOf: "\"http.url\":\"http://compared/\(request % 1000)\",".utf8)
            body.append(contentsOf: "\"zone\":\"\(request % 3)\",\"http.status_code\":\"\(span.status)\"".utf8)
            body.append(contentsOf: (span.status == "503" ? ",\"error\":\"true\"}}" : "}}").utf8)
        }
    }
}
