import Compression
import Glibc
import TestSupport

/// One request as it came in.
struct ProxiedRequest: Sendable {
    var method: String
    var target: String
    /// Names in lower case.
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}

/// One answer, and how much of it is passed on.
struct ProxiedAnswer: Sendable {
    enum Manner: Sendable {
        case whole
        case cut  // half of the body, then the end of the connection
        case resetWithin  // half of the body, then a reset
        case reset  // nothing at all
    }

    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var manner = Manner.whole

    static let reset = ProxiedAnswer(status: 0, manner: .reset)

    /// As OpenSearch words it.
    static func error(_ status: Int, _ type: String, _ reason: String) -> ProxiedAnswer {
        ProxiedAnswer(
            status: status, headers: [("content-type", "application/json")],
            body: ErrorBody.text(status, type, reason))
    }
}

/// Passes requests on to a cluster, or lets them fail.
struct FaultProxy: Sendable {
    let upstreamPort: UInt16
    let faults: FaultDesk

    /// Blocks until the answer is there.
    func answer(_ request: ProxiedRequest) -> ProxiedAnswer {
        let (plan, fault, isDelayed) = faults.draw(
            bodyByteCount: request.body.count, authorization: request.header("authorization"))
        if isDelayed { usleep(UInt32(plan.delayMilliseconds) * 1_000) }
        switch fault {
        case .tooManyRequests:
            var answer = ProxiedAnswer.error(429, "circuit_breaking_exception", "[parent] Data too large")
            if let seconds = plan.retryAfterSeconds { answer.headers.append(("retry-after", "\(seconds)")) }
            return answer
        case .unavailable:
            return .error(503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered]")
        case .tooLarge:
            return .error(413, "content_too_long_exception", "entity content is too long")
        case .unauthorized:
            var answer = ProxiedAnswer(status: 401, body: Array("Unauthorized".utf8))
            answer.headers = [("www-authenticate", #"Basic realm="OpenSearch Security""#)]
            return answer
        case .resetUnasked:
            return .reset
        case .resetAnswered:
            _ = pass(request, plan)
            return .reset
        case .resetWithin, .cutAnswer:
            var answer = pass(request, plan)
            if answer.manner == .whole { answer.manner = fault == .cutAnswer ? .cut : .resetWithin }
            return answer
        case nil:
            return pass(request, plan)
        }
    }

    /// What the cluster answers; a reset where it cannot be reached.
    private func pass(_ request: ProxiedRequest, _ plan: FaultPlan) -> ProxiedAnswer {
        do {
            guard plan.hasItemFaults, request.target.split(separator: "?")[0].hasSuffix("/_bulk") else {
                return try ask(request)
            }
            return try passSome(request, plan)
        } catch {
            faults.count("upstreamFailures")
            return .reset
        }
    }

    private static let dropped = [
        "host", "connection", "content-length", "transfer-encoding", "expect", "accept-encoding", "keep-alive",
    ]

    private func ask(_ request: ProxiedRequest) throws -> ProxiedAnswer {
        let connection = try HTTPConnection(port: upstreamPort)
        let response = try connection.request(
            request.method, request.target,
            headers: request.headers.filter { !Self.dropped.contains($0.name) }.map { ($0.name, $0.value) },
            body: request.body.isEmpty ? .none : .bytes(request.body))
        let framing = ["connection", "content-length", "transfer-encoding", "date", "keep-alive"]
        return ProxiedAnswer(
            status: response.status, headers: response.headers.filter { !framing.contains($0.name) },
            body: response.body)
    }

    /// Passes on the operations that nothing befalls, and answers for all.
    private func passSome(_ request: ProxiedRequest, _ plan: FaultPlan) throws -> ProxiedAnswer {
        var body = request.body
        if request.header("content-encoding") != nil {
            body = []
            try request.body.withUnsafeBytes { try Inflater().unpack($0, onto: &body, byteCountMax: 256 << 20) }
        }
        let split = try body.withUnsafeBytes { bytes in try BulkSplit(bytes, plan, faults) }
        guard !split.injected.isEmpty else { return try ask(request) }

        var answered: [ArraySlice<UInt8>] = []
        if !split.passedBody.isEmpty {
            var rest = request
            rest.body = split.passedBody
            rest.headers.removeAll { $0.name == "content-encoding" }
            // What is left out of an answer cannot be told apart.
            rest.target = String(request.target.prefix { $0 != "?" })
            let answer = try ask(rest)
            guard answer.status == 200 else { return answer }
            answered = try BulkSplit.items(of: answer.body)
            guard answered.count == split.passedCount else {
                throw TestSupportError("\(answered.count) items answer \(split.passedCount) operations")
            }
        }
        return ProxiedAnswer(
            status: 200, headers: [("content-type", "application/json; charset=UTF-8")],
            body: split.merged(with: answered))
    }
}
