internal import Glibc

/// A file system of a few MiB that can really be full: a tmpfs, mounted on a folder as long as this lives.
///
/// Only root may mount; elsewhere tests that need one are skipped.
public final class SmallDisk {
    public let path: String

    /// Whether this process may mount.
    public static let isPossible: Bool = {
        guard let folder = try? TemporaryFolder() else { return false }
        return (try? SmallDisk(on: folder.path + "/disk", byteCount: 4096)) != nil
    }()

    /// - Parameter path: a folder; it is made if it is missing.
    public init(on path: String, byteCount: Int) throws {
        self.path = path
        guard mkdir(path, 0o750) == 0 || errno == EEXIST else {
            throw TestSupportError("\(path) cannot be made: \(systemErrorText(errno))")
        }
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0 else {
            throw TestSupportError("nothing can be mounted on \(path): \(systemErrorText(errno))")
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    /// Bytes that can still be written.
    public var freeByteCount: Int {
        var information = statvfs()
        guard statvfs(path, &information) == 0 else { return 0 }
        return Int(information.f_bavail) * Int(information.f_frsize)
    }

    /// Takes room away, all but so many bytes, until `removeBallast`.
    public func addBallast(leaving byteCount: Int) throws {
        let file = open(ballastPath, O_WRONLY | O_CREAT, 0o600)
        defer { close(file) }
        var status = stat()
        fstat(file, &status)
        let wanted = max(0, freeByteCount - byteCount)
        if wanted > 0, posix_fallocate(file, status.st_size, wanted) != 0 {
            throw TestSupportError("the ballast of \(wanted) bytes finds no room")
        }
    }

    public func removeBallast() { unlink(ballastPath) }

    private var ballastPath: String { path + "/ballast" }
}
