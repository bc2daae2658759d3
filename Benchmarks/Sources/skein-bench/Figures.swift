import Foundation

/// One measured value.
struct Figure: Codable {
    let name: String
    let value: Double
    let unit: String
    var target: Double?
    /// nil without a target.
    var isMet: Bool?
}

/// Allowed values, from a file.
struct Thresholds: Decodable {
    struct Limit: Decodable {
        let figure: String
        let max: Double
        /// The batch size that it holds for; nil: any.
        let batch: Int?
        /// The profile that it holds for; nil: any.
        let profile: String?
    }

    let name: String
    let limits: [Limit]

    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else { throw BenchError("cannot read \(path)") }
        do {
            self = try JSONDecoder().decode(Thresholds.self, from: data)
        } catch {
            throw BenchError("\(path): \(error)")
        }
    }

    func target(of figure: String, profile: String, batch: Int) -> Double? {
        limits.first {
            $0.figure == figure && ($0.batch ?? batch) == batch && ($0.profile ?? profile) == profile
        }?.max
    }
}

/// Everything that one profile's run has found.
struct ProfileReport: Codable {
    let profile: String
    let spanCount: Int
    let traceCount: Int
    let batch: Int
    let seed: UInt64
    var figures: [Figure] = []
    var load = LoadReport()
    var queries: [QueryReport] = []
    var folders: [String: FolderSize] = [:]
    var calibration: Calibration?
    /// Why the data folder was taken as settled.
    var settled = ""
    /// What makes the run a failure: spans missing, wrong answers.
    var failures: [String] = []
    var notes: [String] = []

    mutating func add(_ name: String, _ value: Double, _ unit: String) {
        figures.append(Figure(name: name, value: value, unit: unit))
    }

    mutating func apply(_ thresholds: Thresholds) {
        for index in figures.indices {
            guard let target = thresholds.target(of: figures[index].name, profile: profile, batch: batch) else {
                continue
            }
            figures[index].target = target
            figures[index].isMet = figures[index].value <= target
        }
    }

    /// The report as a table for people.
    var table: String {
        var rows = [["figure", "value", "unit", "target", ""]]
        for figure in figures {
            rows.append([
                figure.name, Self.format(figure.value), figure.unit,
                figure.target.map { "<= " + Self.format($0) } ?? "",
                figure.isMet.map { $0 ? "met" : "MISSED" } ?? "",
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = "\n\(profile): \(spanCount) spans, \(traceCount) traces, \(batch) spans a post, seed \(seed)\n\n"
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 1 || column == 3 ? padding + cell : cell + padding
            }
            text += "  " + cells.joined(separator: "  ").trimmingEnd + "\n"
        }
        for note in notes { text += "  note: \(note)\n" }
        for failure in failures { text += "  FAILED: \(failure)\n" }
        return text
    }

    private static func format(_ value: Double) -> String {
        if value == value.rounded() && abs(value) < 1e9 { return String(Int(value)) }
        return String(format: abs(value) >= 1_000 ? "%.0f" : abs(value) >= 100 ? "%.1f" : "%.3f", value)
    }
}

extension String {
    fileprivate var trimmingEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
