import Catalog
import FoundationEssentials
import GRDB
import QueryFiles
import StorageFiles
import Testing

@Suite struct QueryFilesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: Self.root + "/" + path, encoding: .utf8)
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Self.root + "/" + folder).sorted()
    }

    /// Rows of the tables in queries/README.md.
    private func described() throws -> [(name: String, caller: String, plan: String)] {
        try text("queries/README.md").split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { String($0).trimmed }
            guard line.hasPrefix("| `"), cells.count == 3 else { return nil }
            return (cells[0].filter { $0 != "`" }, cells[1], cells[2].filter { $0 != "`" })
        }
    }

    @Test func `Swift names each query of the folder and no other`() throws {
        #expect(try QueryFile.all.map(\.name) == names(in: "queries/sql"))
        for query in QueryFile.all { #expect(try text("queries/sql/" + query.name) == query.sql) }
    }

    @Test func `Swift names each migration of the folder in order and no other`() throws {
        #expect(try StorageFile.catalogMigrations.map(\.name) == names(in: "storage/schema"))
        for (index, migration) in StorageFile.catalogMigrations.enumerated() {
            let digits = String(index + 1)
            #expect(migration.name.hasPrefix("V" + String(repeating: "0", count: 4 - digits.count) + digits + "_"))
            #expect(try text("storage/schema/" + migration.name) == migration.text)
        }
    }

    @Test(arguments: QueryFile.all)
    func `a query says what it is for, what it takes, what it gives and which index it needs`(query: QueryFile) {
        let head = query.sql.split(separator: "\n").prefix { $0.hasPrefix("-- ") }
        let labels = ["-- Parameters: ", "-- Columns: ", "-- Index: "]
        #expect(labels.allSatisfy { label in head.contains { $0.hasPrefix(label) } })
        #expect(head.first?.hasSuffix(".") == true)
        #expect(head.first.map { line in labels.allSatisfy { !line.hasPrefix($0) } } == true)
        let statement = query.sql.split(separator: "\n").dropFirst(head.count).joined(separator: "\n")
        #expect(statement.filter { $0 == ";" }.count == 1 && statement.hasSuffix(";"))
    }

    @Test func `queries/README describes each query with its caller and its plan`() throws {
        let rows = try described()
        #expect(Set(rows.map(\.name)) == Set(QueryFile.all.map(\.name)))
        #expect(rows.count == QueryFile.all.count)
        let database = try DatabaseQueue()
        for migration in StorageFile.catalogMigrations { try database.write { try $0.execute(sql: migration.text) } }
        for row in rows {
            guard let query = QueryFile.all.first(where: { $0.name == row.name }) else { continue }
            let plan = try database.read { database in
                let statement = try database.makeStatement(sql: "EXPLAIN QUERY PLAN " + query.sql)
                statement.setUncheckedArguments(StatementArguments())
                return try Row.fetchAll(statement).map { $0["detail"] as String }.filter { !$0.contains("SUBQUERY") }
            }
            #expect(row.plan == (plan.isEmpty ? "-" : plan.joined(separator: "; ")), "\(row.name)")
        }
    }

    @Test func `the caller that queries/README states names the query`() throws {
        let sources = try names(in: "Sources/Catalog").map { try text("Sources/Catalog/" + $0) }.joined()
        let declarations = try text("queries/QueryFiles.swift").matches(of: /let (\w+) = QueryFile\(\s*"([^"]+)"/)
        for row in try described() {
            let name = declarations.first { $0.output.2 == row.name }?.output.1
            #expect(name.map { sources.contains(".\($0)") } == true, "\(row.name) has no caller")
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
