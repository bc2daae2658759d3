internal import FoundationEssentials
internal import GRDB
internal import StorageFiles

/// The version of the schema in a file, and the way to the newest.
enum CatalogSchema {
    /// The version that this release writes; kept in the file as SQLite's `user_version`.
    static let version = StorageFile.catalogMigrations.count

    /// Looks at a file without changing it.
    static func check(_ path: String) throws {
        guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64, size > 0 else {
            return
        }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let (found, isEmpty) = try queue.read { database in
            let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            return (found, try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_schema") == 0)
        }
        try queue.close()
        if found > version {
            throw CatalogError(
                code: .unsupportedFormat,
                message: "catalog \(path): its schema has version \(found), this release knows versions up to "
                    + "\(version): use the release that wrote it, or a newer one")
        }
        if found < 1 && !isEmpty {
            throw CatalogError(code: .corrupt, message: "catalog \(path): this SQLite file is no catalog")
        }
    }

    /// Applies the migrations that the file lacks, each in a transaction of its own.
    static func migrate(_ pool: DatabasePool) throws {
        try pool.writeWithoutTransaction { database in
            let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            for (index, migration) in StorageFile.catalogMigrations.enumerated().dropFirst(max(0, found)) {
                try database.inTransaction(.immediate) {
                    try database.execute(sql: migration.text)
                    try database.execute(sql: "PRAGMA user_version = \(index + 1)")
                    return .commit
                }
            }
        }
    }
}
