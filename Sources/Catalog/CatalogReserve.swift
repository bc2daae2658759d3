internal import Glibc

/// Room on the disk kept for the one change that makes room: without it, nothing could expire once the disk is full.
struct CatalogReserve: Sendable {
    let path: String

    /// More than the pages that the removal of some thousand segments changes.
    static let byteCount = 512 << 10

    /// Takes the room, if it is there and not taken yet.
    func fill() {
        var status = stat()
        if stat(path, &status) == 0 && status.st_size >= Self.byteCount { return }
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
        guard file >= 0 else { return }
        defer { close(file) }
        if posix_fallocate(file, 0, Self.byteCount) != 0 { unlink(path) }
    }

    /// Gives the room free.
    /// - Returns: whether there was any.
    func release() -> Bool { unlink(path) == 0 }
}
