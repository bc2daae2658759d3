import Glibc

/// The account of documents on disk, as it grew: written before a request is answered, so that it outlives a kill.
///
/// A file of records in this machine's order of bytes: kind (1 byte), index number (2), length of the name or ID (2),
/// for documents length and checksum of the source (8), then the name or ID. What a kill left half written is cut off.
struct DocumentLog {
    private static let indexKind: UInt8 = 1
    private static let documentKind: UInt8 = 2

    struct Failure: Error {
        let message: String
    }

    private let descriptor: Int32
    private var pending: [UInt8] = []

    /// Opens or makes `documents` in the folder, and counts in `table` what stands in it.
    init(folder: String, into table: inout DocumentTable) throws {
        mkdir(folder, 0o755)
        let path = folder + "/documents"
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(message: "\(path): \(String(cString: strerror(errno)))") }
        let whole = try Self.read(descriptor).withUnsafeBytes { Self.replay($0, into: &table) }
        guard ftruncate(descriptor, whole) == 0 else { throw Failure(message: "\(path) cannot be cut") }
    }

    mutating func append(index name: String, number: UInt16) {
        appendHead(Self.indexKind, number, byteCount: name.utf8.count)
        pending.append(contentsOf: name.utf8)
    }

    mutating func append(document id: UnsafeRawBufferPointer, index: UInt16, source: UInt64) {
        appendHead(Self.documentKind, index, byteCount: id.count)
        withUnsafeBytes(of: source) { pending.append(contentsOf: $0) }
        pending.append(contentsOf: id)
    }

    private mutating func appendHead(_ kind: UInt8, _ index: UInt16, byteCount: Int) {
        pending.append(kind)
        withUnsafeBytes(of: index) { pending.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt16(byteCount)) { pending.append(contentsOf: $0) }
    }

    /// Hands what was appended to the system.
    mutating func flush() throws {
        defer { pending.removeAll(keepingCapacity: true) }
        var start = 0
        while start < pending.count {
            let count = pending.withUnsafeBytes { bytes in
                write(descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(message: "the log: \(String(cString: strerror(errno)))") }
            start += count
        }
    }

    private static func read(_ descriptor: Int32) throws -> [UInt8] {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw Failure(message: "the log has no size") }
        return [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            while count < buffer.count {
                let part = pread(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count, count)
                guard part > 0 else { break }
                count += part
            }
        }
    }

    /// - Returns: how many bytes are whole records.
    private static func replay(_ bytes: UnsafeRawBufferPointer, into table: inout DocumentTable) -> Int {
        var position = 0
        while position + 5 <= bytes.count {
            let kind = bytes[position]
            let index = bytes.loadUnaligned(fromByteOffset: position + 1, as: UInt16.self)
            let count = Int(bytes.loadUnaligned(fromByteOffset: position + 3, as: UInt16.self))
            let start = position + 5 + (kind == documentKind ? 8 : 0)
            guard start + count <= bytes.count else { break }
            let text = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
            if kind == indexKind {
                _ = table.number(ofIndex: String(decoding: text, as: UTF8.self))
            } else {
                let source = bytes.loadUnaligned(fromByteOffset: position + 5, as: UInt64.self)
                _ = table.record(index: index, id: text, source: source)
            }
            position = start + count
        }
        return position
    }
}
