internal import Glibc

/// The files of this machine.
public struct LocalFileSystem: FileSystem {
    public init() {}

    public func open(_ path: String, _ mode: FileOpenMode) throws(FileSystemError) -> FileDescriptor {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .createNew: O_RDWR | O_CREAT | O_EXCL
            case .createEmpty: O_RDWR | O_CREAT | O_TRUNC
            }
        return FileDescriptor(number: try call("open", path) { Glibc.open(path, flags | O_CLOEXEC, 0o640) })
    }

    public func close(_ file: FileDescriptor) {
        // Linux frees the number even when it reports an error, so there is nothing to try again.
        _ = Glibc.close(file.number)
    }

    public func write(
        _ buffers: [UnsafeRawBufferPointer], to file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) -> Int {
        // A call takes 1024 pieces at most; what is beyond them counts as not yet written.
        let pieces = buffers.prefix(1024).map {
            iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
        }
        return try call("write") { pwritev(file.number, pieces, Int32(pieces.count), offset) }
    }

    public func read(
        into buffer: UnsafeMutableRawBufferPointer, from file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) -> Int {
        try call("read") { pread(file.number, buffer.baseAddress, buffer.count, offset) }
    }

    public func sync(_ file: FileDescriptor) throws(FileSystemError) {
        _ = try call("fdatasync") { fdatasync(file.number) }
    }

    public func truncate(_ file: FileDescriptor, to byteCount: Int) throws(FileSystemError) {
        _ = try call("ftruncate") { ftruncate(file.number, byteCount) }
    }

    public func byteCount(of file: FileDescriptor) throws(FileSystemError) -> Int {
        var status = stat()
        _ = try call("fstat") { fstat(file.number, &status) }
        return status.st_size
    }

    public func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        _ = try call("rename", path) { Glibc.rename(path, newPath) }
    }

    public func remove(_ path: String) throws(FileSystemError) {
        _ = try call("unlink", path) { unlink(path) }
    }

    public func createDirectory(_ path: String) throws(FileSystemError) {
        let path = Self.withoutTrailingSlashes(path)
        if mkdir(path, 0o750) == 0 { return try syncFolder(above: path) }
        let number = errno
        if number == EEXIST { return }
        guard number == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw failure("mkdir", path, number)
        }
        try createDirectory(String(path[..<slash]))
        if mkdir(path, 0o750) == 0 { return try syncFolder(above: path) }
        if errno != EEXIST { throw failure("mkdir", path, errno) }
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var path = Substring(path)
        while path.utf8.count > 1 && path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }

    private func syncFolder(above path: String) throws(FileSystemError) {
        let slash = path.lastIndex(of: "/")
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        do throws(FileSystemError) {
            try syncDirectory(parent)
        } catch  where error.code == .notPermitted {
            // Who may add to a folder may not always read it, and only what can be opened can be synced.
        }
    }

    public func names(in directory: String) throws(FileSystemError) -> [String] {
        guard let stream = opendir(directory) else { throw failure("opendir", directory, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw failure("readdir", directory, errno) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    public func syncDirectory(_ path: String) throws(FileSystemError) {
        let number = try call("open", path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { _ = Glibc.close(number) }
        _ = try call("fsync", path) { fsync(number) }
    }

    public func lock(_ path: String) throws(FileSystemError) -> FileDescriptor {
        let number = try call("open", path) { Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640) }
        do {
            _ = try call("lock", path) { flock(number, LOCK_EX | LOCK_NB) }
        } catch {
            _ = Glibc.close(number)
            throw error
        }
        return FileDescriptor(number: number)
    }

    /// Makes the call again while a signal interrupts it.
    private func call<Value: SignedInteger>(
        _ operation: String, _ path: String = "", _ body: () -> Value
    ) throws(FileSystemError) -> Value {
        while true {
            let value = body()
            if value >= 0 { return value }
            if errno != EINTR { throw failure(operation, path, errno) }
        }
    }

    private func failure(_ operation: String, _ path: String, _ number: Int32) -> FileSystemError {
        let code: FileSystemError.Code =
            switch number {
            case ENOSPC, EDQUOT: .diskFull
            case EIO: .inputOutput
            case ENOENT, ENOTDIR: .notFound
            case EEXIST: .alreadyExists
            case EACCES, EPERM, EROFS: .notPermitted
            case EMFILE, ENFILE: .tooManyOpenFiles
            case EWOULDBLOCK: .locked
            default: .other
            }
        return FileSystemError(
            operation: operation, path: path, code: code, number: number, detail: String(cString: strerror(number)))
    }
}
