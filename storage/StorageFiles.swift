/// One file of `storage/` that the program carries with it.
public struct StorageFile: Hashable, Sendable {
    /// The file's name, without its folder.
    public let name: String
    public let text: String

    private init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        text = String(decoding: bytes, as: UTF8.self)
    }
}

extension StorageFile {
    /// `storage/schema`: each file takes the catalog from the version before to the one after; the first to version 1.
    public static let catalogMigrations: [StorageFile] = [
        StorageFile("V0001_catalog.sql", PackageResources.V0001_catalog_sql),
        StorageFile("V0002_topology.sql", PackageResources.V0002_topology_sql),
        StorageFile("V0003_ageing.sql", PackageResources.V0003_ageing_sql),
        StorageFile("V0004_forwarding.sql", PackageResources.V0004_forwarding_sql),
        StorageFile("V0005_decisions.sql", PackageResources.V0005_decisions_sql),
    ]
}
