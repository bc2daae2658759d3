/// Calls between many services, each of them two spans that are a trace: little of everything but who calls whom.
struct CallLoad {
    let serviceCount: Int
    /// Services that each of them calls.
    let calleeCount: Int
    let callCount: Int
    /// Of the first call and of the one after the last, in microseconds since 1970.
    let window: Range<Int64>

    static let callsPerPost = 50
    private static let operationCount = 4

    var spanCount: Int { callCount * 2 }
    var edgeCount: Int { serviceCount * calleeCount }
    var postCount: Int { (callCount + Self.callsPerPost - 1) / Self.callsPerPost }

    /// Writes a post of Zipkin's JSON.
    func write(post number: Int, into body: inout [UInt8]) {
        body.removeAll(keepingCapacity: true)
        let first = number * Self.callsPerPost
        for call in first..<min(first + Self.callsPerPost, callCount) {
            body.append(UInt8(ascii: call == first ? "[" : ","))
            write(call: call, into: &body)
        }
        body.append(UInt8(ascii: "]"))
    }

    private func write(call: Int, into body: inout [UInt8]) {
        let edge = call % edgeCount
        let caller = edge / calleeCount
        let callee = (caller + 1 + edge % calleeCount) % serviceCount
        let operation = "operation-\(call / edgeCount % Self.operationCount)"
        // Spread over all IDs, and the same for nobody else.
        let id = Self.hexadecimal(UInt64(call + 1) &* 0x9E37_79B9_7F4A_7C15)
        let length = window.upperBound - window.lowerBound
        let start = window.lowerBound + Int64(Double(call) / Double(callCount) * Double(length))
        let duration = 1_000 + call % 997
        let isFailed = call % 100 == 99
        body.append(contentsOf: "{\"traceId\":\"\(id)\(id)\",\"id\":\"\(id)\",\"kind\":\"CLIENT\",\"name\":\"".utf8)
        body.append(contentsOf: "\(operation)\",\"timestamp\":\(start),\"duration\":\(duration + 500),".utf8)
        body.append(contentsOf: "\"localEndpoint\":{\"serviceName\":\"service-\(caller)\"},".utf8)
        body.append(
            contentsOf: "\"tags\":{\"version\":\"v1\"}},{\"traceId\":\"\(id)\(id)\",\"parentId\":\"\(id)\",".utf8)
        body.append(contentsOf: "\"id\":\"\(Self.hexadecimal(UInt64(call + 1)))\",\"kind\":\"SERVER\",".utf8)
        body.append(contentsOf: "\"name\":\"\(operation)\",\"timestamp\":\(start + 200),".utf8)
        body.append(contentsOf: "\"duration\":\(duration),\"localEndpoint\":{\"serviceName\":\"service-".utf8)
        body.append(contentsOf: "\(callee)\"},\"tags\":{\"version\":\"v\(1 + call % 10 / 9)\"".utf8)
        body.append(contentsOf: (isFailed ? ",\"error\":\"true\"}}" : "}}").utf8)
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
