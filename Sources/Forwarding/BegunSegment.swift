internal import FileSystem
internal import FoundationEssentials

/// The segment that a destination is handed, and the filter with which that was begun.
///
/// It is ended with the same one, whatever the configuration says after a restart: an ID is made of what a document
/// says, so that a span that is sent again with more or less of it would be there twice.
struct BegunSegment: Codable, Equatable {
    var segment: Int64
    var filter: SpanFilter
}

/// Where a destination's begun segment is noted, durably.
struct BegunSegmentFile {
    private let folder: String
    private let name: String
    private let fileSystem: any FileSystem

    init(
        dataPath: String, destination: String, fileSystem: any FileSystem = LocalFileSystem()
    ) throws(ForwardingError) {
        folder = dataPath + "/forwarding"
        name = destination + ".json"
        self.fileSystem = fileSystem
        do throws(FileSystemError) {
            try fileSystem.createDirectory(folder)
        } catch {
            throw ForwardingError(.unusable, "\(error)")
        }
    }

    /// Nil if nothing is noted, or nothing that can be read.
    func read() -> BegunSegment? {
        guard let bytes = try? fileSystem.readAll(of: folder + "/" + name) else { return nil }
        return try? JSONDecoder().decode(BegunSegment.self, from: Data(bytes))
    }

    /// Puts it in the place of what was noted before.
    func write(_ begun: BegunSegment) throws {
        try fileSystem.replace(name, in: folder, by: Array(try JSONEncoder().encode(begun)))
    }
}
