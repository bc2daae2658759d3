#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A small file that says who may connect, or what clients are to be told, read whole.
package struct SecurityFile {
    /// Why a file could not be read, without its name: `no such file`.
    package struct Failure: Error {
        package let reason: String
    }

    /// What tells one content of a file from the next without reading it.
    ///
    /// A path over symbolic links, such as those of a mounted Kubernetes secret, is followed to the file at its end.
    struct Stamp: Equatable, Sendable {
        private let device: UInt64
        private let inode: UInt64
        private let byteCount: Int64
        private let modified: [Int]
        private let changed: [Int]

        fileprivate init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            byteCount = Int64(status.st_size)
            modified = [Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec)]
            changed = [Int(status.st_ctim.tv_sec), Int(status.st_ctim.tv_nsec)]
        }

        /// Nil where there is no file.
        static func of(_ path: String) -> Stamp? {
            var status = stat()
            return stat(path, &status) == 0 ? Stamp(status) : nil
        }
    }

    package let bytes: [UInt8]
    /// Whether every account of the machine may read it.
    let isReadableByOthers: Bool

    static let byteCountMax = 1 << 20

    package init(path: String) throws(Failure) {
        // Without O_NONBLOCK the opening of a pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(reason: "it is not a regular file") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure(errno) }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= Self.byteCountMax else { throw Failure(reason: "it is larger than 1 MiB") }
        }
        self.bytes = bytes
        isReadableByOthers = status.st_mode & S_IROTH != 0
    }
}

extension SecurityFile.Failure {
    fileprivate init(_ code: Int32) {
        reason =
            switch code {
            case ENOENT, ENOTDIR: "no such file"
            case EACCES, EPERM: "not permitted to read it"
            default: String(cString: strerror(code))
            }
    }
}
