internal import FileSystem
internal import SegmentStore

/// The folder that a store has for itself: `segments/`, `journal/`, `catalog.db` and the lock.
struct DataFolder: Sendable {
    let path: String
    let segments: SegmentDirectory
    let fileSystem: any FileSystem
    private let lock: FileDescriptor

    var catalogPath: String { path + "/catalog.db" }
    var journalPath: String { path + "/journal" }

    /// Makes the folder if it is missing, and takes its lock.
    init(path: String, fileSystem: any FileSystem) throws(StoreError) {
        self.path = path
        self.fileSystem = fileSystem
        do throws(FileSystemError) {
            try fileSystem.createDirectory(path)
            lock = try fileSystem.lock(path + "/skein.lock")
        } catch {
            if error.code == .locked {
                throw StoreError(
                    .inUse, "\(path): another skein has this folder; stop it, or choose another with --data")
            }
            throw StoreError(.unusable, "data folder: \(error)")
        }
        do throws(SegmentError) {
            segments = try SegmentDirectory(path: path + "/segments", fileSystem: fileSystem)
        } catch {
            fileSystem.close(lock)
            throw StoreError(.unusable, error.message)
        }
    }

    func unlock() { fileSystem.close(lock) }
}
