import HTTPAPI
import NetworkServer
import TestSupport
import Testing

/// Holds the description of the query API against the routes.
@Suite struct OpenAPITests {
    /// A description, and the routes that it is of.
    enum Description: String, CaseIterable {
        case all = "queries/openapi.yaml"
        /// Some of Tempo's paths are Jaeger's, and mean something else there.
        case tempo = "queries/openapi-tempo.yaml"

        /// `GET /path`, or another method, of each route, as the description writes paths.
        var routes: Set<String> {
            let patterns: [(String, String)] =
                switch self {
                case .all:
                    ZipkinQueries.Route.allCases.map { ("GET", $0.rawValue) }
                        + JaegerQueries.Route.allCases.map { ($0.method.rawValue, $0.rawValue) }
                        + JaegerV3Queries.Route.allCases.map { ("GET", $0.rawValue) }
                        + JaegerMetrics.Route.allCases.map { ("GET", $0.rawValue) }
                        + SkeinQueries.Route.allCases.map { ("GET", $0.rawValue) }
                        + TopologyQueries.Route.allCases.map { ("GET", $0.rawValue) }
                        + ForwardingQueries.Route.allCases.map { ($0.method.rawValue, $0.rawValue) }
                        + ReleaseQueries.Route.allCases.map { ("GET", $0.rawValue) }
                        + TraceDiffQueries.Route.allCases.map { ("GET", $0.rawValue) }
                        + SamplingQueries.Route.allCases.map { ($0.method.rawValue, $0.pattern) }
                case .tempo: TempoQueries.Route.allCases.map { ("GET", $0.rawValue) }
                }
            let paths = patterns.map { method, pattern in
                let parts = pattern.split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }
                return "\(method) /" + parts.joined(separator: "/")
            }
            precondition(Set(paths).count == paths.count, "a path would stand twice in one description")
            return Set(paths)
        }

        func lines() throws -> [Substring] { try Repository.text(of: rawValue).split(separator: "\n") }
    }

    /// Operations that only say why they are not served.
    private static let operationsWithoutSuccess = [
        "operationId: jaegerArchive", "operationId: tempoMetrics", "operationId: tempoMetricsRange",
    ]

    @Test(arguments: Description.allCases)
    func `every route is described, and every description has its route`(description: Description) throws {
        let described = try Self.operations(of: description)
        #expect(Set(described.keys) == description.routes)
    }

    @Test(arguments: Description.allCases)
    func `every operation has an ID of its own, a success and its path's parameters`(description: Description) throws {
        let described = try Self.operations(of: description)
        let shared = try Self.sharedParameters(of: description)
        let ids = described.values.flatMap { lines in lines.filter { $0.hasPrefix("operationId:") } }
        #expect(Set(ids).count == described.count)
        for (operation, lines) in described {
            let isSuccess = { (line: Substring) in
                line.hasPrefix("\"200\":") || Self.operationsWithoutSuccess.contains(String(line))
            }
            #expect(lines.contains(where: isSuccess), "\(operation)")
            let lines = lines + lines.flatMap { line in shared.first { line == "parameters: *\($0.key)" }?.value ?? [] }
            for part in operation.split(separator: "/") where part.hasPrefix("{") {
                let name = part.dropFirst().dropLast()
                #expect(lines.contains { $0.contains("name: \(name)") }, "\(operation)")
            }
        }
    }

    @Test(arguments: Description.allCases) func `every reference leads somewhere, and everything is referred to`(
        description: Description
    ) throws {
        let lines = try description.lines()
        var references: Set<Substring> = []
        for line in lines {
            for piece in line.components(after: "\"#/components/") { references.insert(piece) }
        }
        #expect(references.count > 10)
        let parts = lines.drop { $0 != "components:" }.filter { $0.hasPrefix("    ") && !$0.hasPrefix("     ") }
        let names = parts.map { $0.dropFirst(4).prefix { $0 != ":" } }
        #expect(names.sorted() == Set(references.compactMap { $0.split(separator: "/").last }).sorted())
    }

    /// Lists of parameters that several operations have, by their names.
    private static func sharedParameters(of description: Description) throws -> [String: [Substring]] {
        let lists = try operations(of: description).values.compactMap { lines -> (String, [Substring])? in
            guard let line = lines.first(where: { $0.hasPrefix("parameters: &") }) else { return nil }
            return (String(line.dropFirst("parameters: &".count)), lines)
        }
        return Dictionary(lists) { $1 }
    }

    /// Method and path of each operation, and its lines without their indentation.
    private static func operations(of description: Description) throws -> [String: [Substring]] {
        let methods: Set<Substring> = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
        var operations: [String: [Substring]] = [:]
        var path: Substring?
        var operation: String?
        for line in try description.lines().drop(while: { $0 != "paths:" }).dropFirst() {
            let depth = line.prefix { $0 == " " }.count
            let content = line.dropFirst(depth)
            if depth == 0 { break }
            if depth == 2 {
                path = content.dropLast()
                operation = nil
            } else if depth == 4 {
                let name = content.prefix { $0 != ":" }
                operation = methods.contains(name) ? "\(name.uppercased()) \(path ?? "")" : nil
                if let operation { operations[operation] = [] }
            } else if let operation {
                operations[operation]?.append(content)
            }
        }
        return operations
    }
}

extension Substring {
    /// What stands between each `marker` and the next quotation mark.
    fileprivate func components(after marker: String) -> [Substring] {
        var found: [Substring] = []
        var rest = self
        while let start = rest.indices.first(where: { rest[$0...].hasPrefix(marker) }) {
            rest = rest[start...].dropFirst(marker.count)
            found.append(rest.prefix { $0 != "\"" })
        }
        return found
    }
}
