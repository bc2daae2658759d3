/// Traces through many services: a gateway calls one, and that another. Little of everything but who calls whom.
struct CallLoad: CountedLoad {
    let serviceCount: Int
    /// Services that each of them calls.
    let calleeCount: Int
    let traceCount: Int
    /// Of the first trace and of the one after the last, in microseconds since 1970.
    let window: Range<Int64>

    static let spansPerTrace = 5
    static let callsPerTrace = 2
    static let tracesPerPost = 20
    private static let operationCount = 4

    var spanCount: Int { traceCount * Self.spansPerTrace }
    var callCount: Int { traceCount * Self.callsPerTrace }
    /// Those of the gateway included.
    var edgeCount: Int { serviceCount * calleeCount + serviceCount }
    var postCount: Int { (traceCount + Self.tracesPerPost - 1) / Self.tracesPerPost }

    /// Writes a post of Zipkin's JSON.
    func write(post number: Int, into body: inout [UInt8]) {
        body.removeAll(keepingCapacity: true)
        let first = number * Self.tracesPerPost
        for trace in first..<min(first + Self.tracesPerPost, traceCount) { write(trace: trace, into: &body) }
        body[0] = UInt8(ascii: "[")
        body.append(UInt8(ascii: "]"))
    }

    private func write(trace: Int, into body: inout [UInt8]) {
        let edge = trace % (serviceCount * calleeCount)
        let caller = edge / calleeCount
        let callee = (caller + 1 + edge % calleeCount) % serviceCount
        let names = ["gateway", "gateway", "service-\(caller)", "service-\(caller)", "service-\(callee)"]
        let operation = "operation-\(trace / (serviceCount * calleeCount) % Self.operationCount)"
        // Spread over all IDs, and the same for nobody else.
        let id = Self.hexadecimal(UInt64(trace + 1) &* 0x9E37_79B9_7F4A_7C15)
        let length = window.upperBound - window.lowerBound
        let start = window.lowerBound + Int64(Double(trace) / Double(traceCount) * Double(length))
        let duration = 5_000 + trace % 997
        let isFailed = trace % 100 == 99
        for (number, service) in names.enumerated() {
            body.append(contentsOf: ",{\"traceId\":\"\(id)\(id)\",\"id\":\"000000000000000\(number + 1)\",".utf8)
            if number > 0 { body.append(contentsOf: "\"parentId\":\"000000000000000\(number)\",".utf8) }
            body.append(contentsOf: "\"kind\":\"\(number % 2 == 0 ? "SERVER" : "CLIENT")\",".utf8)
            body.append(contentsOf: "\"name\":\"\(operation)\",\"timestamp\":\(start + Int64(number) * 200),".utf8)
            body.append(contentsOf: "\"duration\":\(duration - number * 500),".utf8)
            body.append(contentsOf: "\"localEndpoint\":{\"serviceName\":\"\(service)\"},".utf8)
            let version = number == 4 && trace % 10 == 9 ? "v2" : "v1"
            body.append(contentsOf: "\"tags\":{\"version\":\"\(version)\"".utf8)
            body.append(contentsOf: (isFailed && number == 4 ? ",\"error\":\"true\"}}" : "}}").utf8)
        }
    }
}
