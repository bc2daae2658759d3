import Foundation
import TestSupport

/// Spans with numbers, from which everything else of them follows: what has to come out at the other end is known
/// without having been kept.
struct ForwardingTraffic: Sendable {
    let spanCount: Int
    /// Of the first trace.
    let epochMicroseconds: Int64

    static let spansPerTrace = 10
    static let services = (0..<5).map { "forward-\($0)" }
    /// Stands in some spans, for a proxy to take offence at.
    static let unfitText = "does-not-fit-the-mapping"

    init(spanCount: Int) {
        self.spanCount = spanCount
        // The last one is over before it is sent.
        epochMicroseconds = TimeWindow.nowMicroseconds - 60_000_000
    }

    static func isUnfit(_ number: Int) -> Bool { number % 499 == 7 }

    static func traceID(of number: Int) -> String {
        let mixed = UInt64(number / spansPerTrace + 1) &* 0x9e37_79b9_7f4a_7c15
        return ZipkinSpan.hexadecimal(mixed) + ZipkinSpan.hexadecimal(~mixed)
    }

    static func spanID(of number: Int) -> String { ZipkinSpan.hexadecimal(UInt64(number + 1)) }

    static func service(of number: Int) -> String { services[number % spansPerTrace / 2] }

    static func operation(of number: Int) -> String { "operation-\(number % spansPerTrace)" }

    func startMicroseconds(of number: Int) -> Int64 {
        epochMicroseconds + Int64(number) * 40_000_000 / Int64(spanCount)
    }

    /// Zipkin's JSON of the spans: each calls the next one of its trace, a client a server and that the next client.
    func body(_ numbers: Range<Int>) -> [UInt8] {
        var body: [UInt8] = []
        for number in numbers {
            body.append(UInt8(ascii: body.isEmpty ? "[" : ","))
            let place = number % Self.spansPerTrace
            var text = #"{"traceId":"\#(Self.traceID(of: number))","id":"\#(Self.spanID(of: number))","#
            if place > 0 { text += #""parentId":"\#(Self.spanID(of: number - 1))","# }
            text += #""kind":"\#(place % 2 == 0 ? "SERVER" : "CLIENT")","name":"\#(Self.operation(of: number))","#
            text += #""timestamp":\#(startMicroseconds(of: number)),"duration":\#(1_000 + 17 * (100 - place)),"#
            text += #""localEndpoint":{"serviceName":"\#(Self.service(of: number))"},"#
            text += #""tags":{"http.status_code":"\#(200 + number % 3)","number":"\#(number)""#
            if Self.isUnfit(number) { text += #","note":"\#(Self.unfitText)""# }
            body.append(contentsOf: (text + "}}").utf8)
        }
        body.append(UInt8(ascii: "]"))
        return body
    }

    static let spansPerPost = 100

    /// Posts spans until the server goes away.
    /// - Returns: the number behind the last post, whether that was answered or not, and how many posts were refused.
    func post(_ numbers: Range<Int>, to port: UInt16) -> (end: Int, refusals: Int) {
        var (next, refusals) = (numbers.lowerBound, 0)
        guard let connection = try? HTTPConnection(port: port) else { return (next, 0) }
        while next < numbers.upperBound, connection.isOpen {
            let end = min(next + Self.spansPerPost, numbers.upperBound)
            let response = try? connection.request(
                "POST", "/api/v2/spans", headers: [("content-type", "application/json")],
                body: .bytes(body(next..<end)))
            if let response, response.status != 202 {
                refusals += 1
                usleep(20_000)
                continue
            }
            next = end
            if response == nil { break }
        }
        return (next, refusals)
    }

    // MARK: Account

    /// How often each span stands in something, by number.
    struct Account {
        var counts: [UInt8]
        /// What is no span of the traffic.
        var strangers: [String] = []

        var distinctCount: Int { counts.reduce(0) { $0 + ($1 > 0 ? 1 : 0) } }

        /// Numbers of spans that stand in one of both alone.
        func differences(from other: Account, where isWanted: (Int) -> Bool = { _ in true }) -> [Int] {
            counts.indices.filter { isWanted($0) && (counts[$0] > 0) != (other.counts[$0] > 0) }
        }

        var numbersThere: Set<Int> { Set(counts.indices.filter { counts[$0] > 0 }) }
        var numbersTwice: [Int] { counts.indices.filter { counts[$0] > 1 } }
    }

    var emptyAccount: Account { Account(counts: [UInt8](repeating: 0, count: spanCount)) }

    /// Counts a span.
    func note(traceID: String, spanID: String, in account: inout Account) {
        guard let value = Int(spanID, radix: 16), (1...spanCount).contains(value),
            traceID == Self.traceID(of: value - 1)
        else {
            account.strangers.append("\(traceID) \(spanID)")
            return
        }
        account.counts[value - 1] = min(account.counts[value - 1], 254) + 1
    }

    /// Of document IDs in Jaeger's form: trace ID, span ID, and a hash of the document.
    func account(ofDocumentIDs ids: some Sequence<Substring>) -> Account {
        var account = emptyAccount
        for id in ids {
            let parts = id.split(separator: "_")
            guard parts.count == 3 else {
                account.strangers.append(String(id))
                continue
            }
            note(traceID: String(parts[0]), spanID: String(parts[1]), in: &account)
        }
        return account
    }

    /// Of an export as OTLP/JSON.
    func account(ofExport export: Data) -> Account {
        var account = emptyAccount
        export.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            var place = 0
            while let end = memchr(start + place, 10, bytes.count - place) {
                let count = (start + place).distance(to: UnsafeRawPointer(end))
                note(line: Array(UnsafeRawBufferPointer(start: start + place, count: count)) + [0], in: &account)
                place += count + 1
            }
        }
        return account
    }

    /// - Parameter line: with a zero at its end.
    private func note(line: [UInt8], in account: inout Account) {
        line.withUnsafeBytes { bytes in
            guard var place = bytes.bindMemory(to: CChar.self).baseAddress else { return }
            while let trace = strstr(place, #"{"traceId":""#), let span = strstr(trace, #""spanId":""#) {
                let (traceID, spanID) = (UnsafeRawPointer(trace) + 12, UnsafeRawPointer(span) + 10)
                note(
                    traceID: String(decoding: UnsafeRawBufferPointer(start: traceID, count: 32), as: UTF8.self),
                    spanID: String(decoding: UnsafeRawBufferPointer(start: spanID, count: 16), as: UTF8.self),
                    in: &account)
                place = UnsafePointer(span) + 10
            }
        }
    }
}
