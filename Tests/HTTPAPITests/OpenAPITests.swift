import HTTPAPI
import NetworkServer
import TestSupport
import Testing

/// Holds the description of the query API against the routes.
@Suite struct OpenAPITests {
    /// `GET /path`, or another method, of each route, as the description writes paths.
    private static let routes: Set<String> = Set(
        (ZipkinQueries.Route.allCases.map { ("GET", $0.rawValue) }
            + JaegerQueries.Route.allCases.map { ($0.method.rawValue, $0.rawValue) }
            + JaegerV3Queries.Route.allCases.map { ("GET", $0.rawValue) }).map { method, pattern in
                let parts = pattern.split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }
                return "\(method) /" + parts.joined(separator: "/")
            })

    @Test func `every route is described, and every description has its route`() throws {
        let described = try Self.describedOperations()
        #expect(Set(described.keys) == Self.routes)
    }

    @Test func `every operation has an ID of its own, a success and its path's parameters`() throws {
        let described = try Self.describedOperations()
        let ids = described.values.flatMap { lines in lines.filter { $0.hasPrefix("operationId:") } }
        #expect(Set(ids).count == described.count)
        for (operation, lines) in described {
            // What never succeeds says so.
            let isSuccess = { (line: Substring) in line.hasPrefix("\"200\":") || line == "operationId: jaegerArchive" }
            #expect(lines.contains(where: isSuccess), "\(operation)")
            for part in operation.split(separator: "/") where part.hasPrefix("{") {
                let name = part.dropFirst().dropLast()
                #expect(lines.contains { $0.contains("name: \(name)") }, "\(operation)")
            }
        }
    }

    @Test func `every reference leads somewhere`() throws {
        let text = try Repository.text(of: "queries/openapi.yaml")
        let lines = text.split(separator: "\n")
        var references: Set<Substring> = []
        for line in lines {
            for piece in line.components(after: "\"#/components/") { references.insert(piece) }
        }
        #expect(references.count > 10)
        for reference in references {
            let name = reference.split(separator: "/").last ?? ""
            #expect(lines.contains { $0.hasPrefix("    \(name):") }, "\(reference)")
        }
    }

    /// Method and path of each operation, and its lines without their indentation.
    private static func describedOperations() throws -> [String: [Substring]] {
        let methods: Set<Substring> = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
        var operations: [String: [Substring]] = [:]
        var path: Substring?
        var operation: String?
        let lines = try Repository.text(of: "queries/openapi.yaml").split(separator: "\n")
        for line in lines.drop(while: { $0 != "paths:" }).dropFirst() {
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
