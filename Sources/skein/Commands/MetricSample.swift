import Terminal

/// One line of Prometheus' text format.
struct MetricSample: Equatable {
    /// With its labels.
    let name: String
    let value: Double

    /// Whole numbers without a fraction; sizes in units too.
    var text: String {
        guard let whole = Int(exactly: value) else { return "\(value)" }
        return name.contains("_bytes") ? "\(NumberText.bytes(whole))" : NumberText.count(whole)
    }

    /// Comments, timestamps and what is no sample are left out.
    static func parse(_ text: String) -> [MetricSample] {
        text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#") else { return nil }
            let nameEnd = line.lastIndex(of: "}").map { line.index(after: $0) } ?? line.firstIndex(of: " ")
            guard let nameEnd, let number = line[nameEnd...].split(separator: " ").first, let value = Double(number),
                value.isFinite
            else { return nil }
            return MetricSample(name: String(line[..<nameEnd]), value: value)
        }
    }
}
