import Foundation

/// Allowed values, from a file.
struct Thresholds: Decodable {
    struct Limit: Decodable {
        let figure: String
        /// The most and the least allowed; one of them may be missing.
        let max: Double?
        let min: Double?
        /// The batch size that it holds for; nil: any.
        let batch: Int?
        /// The profile that it holds for; nil: any.
        let profile: String?
        /// The format that it holds for; nil: any.
        let format: String?
    }

    /// How much larger figures may be at the last size than at the first.
    struct Growth: Decodable {
        let max: Double
        let figures: Set<String>
    }

    let name: String
    let limits: [Limit]
    let growth: Growth?

    private init(_ all: [Thresholds]) {
        name = all.map(\.name).joined(separator: ", ")
        limits = all.flatMap(\.limits)
        growth = all.compactMap(\.growth).first
    }

    /// Reads a file, or every file of a folder.
    init(path: String) throws {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }
            self.init(try names.sorted().map { try Thresholds(path: path + "/" + $0) })
            return
        }
        guard let data = FileManager.default.contents(atPath: path) else { throw BenchError("cannot read \(path)") }
        do {
            try self.init(data)
        } catch {
            throw BenchError("\(path): \(error)")
        }
    }

    init(_ data: Data) throws {
        self = try JSONDecoder().decode(Thresholds.self, from: data)
        if let limit = limits.first(where: { $0.max == nil && $0.min == nil }) {
            throw BenchError("the limit of '\(limit.figure)' has neither max nor min")
        }
    }

    func limit(of figure: String, profile: String, format: String, batch: Int) -> Limit? {
        limits.first {
            $0.figure == figure && ($0.batch ?? batch) == batch && ($0.profile ?? profile) == profile
                && ($0.format ?? format) == format
        }
    }
}

extension Thresholds.Limit {
    func isMet(by value: Double) -> Bool {
        value <= (max ?? .infinity) && value >= (min ?? -.infinity)
    }
}
