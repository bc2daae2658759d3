import HTTPAPI
import TestSupport
import Testing

/// Holds the description of Tempo's query API against the routes.
@Suite struct TempoOpenAPITests {
    private static func lines() throws -> [Substring] {
        try Repository.text(of: "queries/openapi-tempo.yaml").split(separator: "\n")
    }

    /// Of lines that are indented by `depth` columns, what stands before the colon.
    private static func names(_ lines: some Sequence<Substring>, depth: Int) -> [String] {
        lines.compactMap { line in
            let content = line.drop { $0 == " " }
            guard line.count - content.count == depth, !content.hasPrefix("-") else { return nil }
            return String(content.prefix { $0 != ":" })
        }
    }

    @Test func `every route is described, and every description has its route`() throws {
        let routes = TempoQueries.Route.allCases.map { route in
            "/"
                + route.rawValue.split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }
                .joined(separator: "/")
        }
        let lines = try Self.lines().drop { $0 != "paths:" }.dropFirst().prefix { $0 != "components:" }
        #expect(Self.names(lines, depth: 2).sorted() == routes.sorted())
        #expect(Self.names(lines, depth: 4) == Array(repeating: "get", count: routes.count))
        let ids = lines.filter { $0.hasPrefix("      operationId: ") }
        #expect(Set(ids).count == routes.count)
    }

    @Test func `every reference leads somewhere, and everything is referred to`() throws {
        let lines = try Self.lines()
        let names = Self.names(lines.drop { $0 != "components:" }, depth: 4)
        var references: Set<String> = []
        for line in lines {
            var rest = line
            while let place = rest.firstRange(of: "\"#/components/") {
                rest = rest[place.upperBound...]
                let path = rest.prefix { $0 != "\"" }
                references.insert(String(path.split(separator: "/").last ?? ""))
            }
        }
        #expect(references.sorted() == names.sorted())
    }
}
