import TestSupport

/// What a program tells of itself at `/metrics`.
struct MetricsPage {
    let text: String

    /// The sum of all series of a metric; nil without any.
    func sum(of name: String) -> Int? {
        let lines = text.split(separator: "\n").filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
        guard !lines.isEmpty else { return nil }
        return lines.reduce(0) { $0 + Int(Double($1.split(separator: " ").last ?? "") ?? 0) }
    }

    /// The same of a metric that is always there.
    func value(of name: String) throws -> Int {
        guard let value = sum(of: name) else { throw TestSupportError("no metric \(name)") }
        return value
    }
}

extension HTTPConnection {
    /// Asks for the metrics; of a connection to the listener `admin`.
    func metrics() throws -> MetricsPage { MetricsPage(text: try request("GET", "/metrics").text) }
}
