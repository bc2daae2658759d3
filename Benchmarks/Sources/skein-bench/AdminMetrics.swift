/// The server's own metrics, read from its admin listener.
final class AdminMetrics {
    private let client: QueryClient

    init(_ address: SocketAddress) {
        client = QueryClient(to: address)
    }

    /// Name to value, summed over labels; empty if the page cannot be had.
    func read() -> [String: Double] {
        guard let answer = try? client.get("/metrics"), answer.response.status == 200 else { return [:] }
        return Self.parse(String(decoding: answer.response.body, as: UTF8.self))
    }

    /// Reads Prometheus' text format; lines that are none are passed over.
    static func parse(_ text: String) -> [String: Double] {
        var values: [String: Double] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            // A label's value may hold blanks; nothing follows the value here.
            guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...]) else {
                continue
            }
            values[String(line.prefix { $0 != "{" && $0 != " " }), default: 0] += value
        }
        return values
    }
}
