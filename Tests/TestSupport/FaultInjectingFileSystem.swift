public import FileSystem
internal import Synchronization

/// Files in memory that fail when told to, and forget at a power cut what was not synced.
///
/// What a device may do to unsynced bytes and names is in `FaultInjectingFileSystem+PowerCut.swift`.
public final class FaultInjectingFileSystem: FileSystem {
    public enum Operation: Sendable, Hashable {
        case open, write, read, sync, truncate, rename, remove, list, createDirectory, syncDirectory
    }

    struct State {
        var files: [SimulatedFile] = []
        var names = SimulatedNames()
        var descriptors: [Int32: (file: Int, path: String)] = [:]
        var nextDescriptor: Int32 = 1
        var lockPaths: [Int32: String] = [:]
        var byteCountMax = Int.max
        var writeByteCountMax = Int.max
        var fault: @Sendable (Operation, String) -> FileSystemError.Code? = { _, _ in nil }

        /// Bytes of all files that have a name or are open.
        var usedByteCount: Int {
            Set(names.current.values).union(descriptors.values.map(\.file)).reduce(0) { $0 + files[$1].bytes.count }
        }
    }

    let state: Mutex<State>

    public init() { state = Mutex(State()) }

    init(_ initial: sending State) { state = Mutex(initial) }

    // MARK: Faults

    /// Room for all files together; writing beyond it writes what fits, then fails with `.diskFull`.
    public func setCapacity(_ byteCount: Int) { state.withLock { $0.byteCountMax = byteCount } }

    /// Bytes that one write takes at most.
    public func setWriteByteCountMax(_ byteCount: Int) { state.withLock { $0.writeByteCountMax = byteCount } }

    /// Asked before each operation, with the path under which the file was opened.
    public func setFault(_ fault: @escaping @Sendable (Operation, String) -> FileSystemError.Code?) {
        state.withLock { $0.fault = fault }
    }

    public func clearFaults() {
        state.withLock {
            $0.byteCountMax = .max
            $0.writeByteCountMax = .max
            $0.fault = { _, _ in nil }
        }
    }

    /// Lets every read that touches these bytes fail.
    public func setUnreadable(_ path: String, _ range: Range<Int>) {
        state.withLock { state in
            if let file = state.names.current[path] { state.files[file].unreadable.append(range) }
        }
    }

    // MARK: Looking in from outside

    public func openFileCount() -> Int { state.withLock { $0.descriptors.count } }

    /// Bytes of all files that have a name or are open.
    public func usedByteCount() -> Int { state.withLock { $0.usedByteCount } }

    /// Bytes written to files that are open, and not synced.
    public func unsyncedByteCount() -> Int {
        state.withLock { state in
            Set(state.descriptors.values.map(\.file)).reduce(0) { $0 + state.files[$1].unsyncedByteCount }
        }
    }

    public func contents(of path: String) -> [UInt8]? {
        state.withLock { state in state.names.current[path].map { state.files[$0].bytes } }
    }

    /// Puts a file there, durably.
    public func setContents(of path: String, _ bytes: [UInt8]) {
        state.withLock { state in
            state.files.append(SimulatedFile(durable: bytes))
            state.names.setDurably(path, state.files.count - 1)
        }
    }

    /// Paths of all files, sorted.
    public func paths() -> [String] { state.withLock { $0.names.current.keys.sorted() } }

    // MARK: FileSystem

    public func open(_ path: String, _ mode: FileOpenMode) throws(FileSystemError) -> FileDescriptor {
        try perform(.open, path) { state throws(FileSystemError) in
            var file = state.names.current[path]
            switch mode {
            case .read, .readWrite:
                if file == nil { throw self.failure("open", path, .notFound) }
            case .createNew:
                if file != nil { throw self.failure("open", path, .alreadyExists) }
            case .createEmpty:
                if let file { state.files[file].truncate(to: 0) }
            }
            if file == nil {
                state.files.append(SimulatedFile(durable: []))
                file = state.files.count - 1
                state.names.link(path, state.files.count - 1)
            }
            defer { state.nextDescriptor += 1 }
            state.descriptors[state.nextDescriptor] = file.map { ($0, path) }
            return FileDescriptor(number: state.nextDescriptor)
        }
    }

    public func close(_ file: FileDescriptor) {
        state.withLock { state in
            state.descriptors[file.number] = nil
            state.lockPaths[file.number] = nil
        }
    }

    public func write(
        _ buffers: [UnsafeRawBufferPointer], to file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) -> Int {
        nonisolated(unsafe) let buffers = buffers
        return try perform(.write, file) { state, index throws(FileSystemError) in
            var bytes = Array(buffers.flatMap { Array($0) }.prefix(state.writeByteCountMax))
            let growth = max(0, offset + bytes.count - state.files[index].bytes.count)
            // What is there already can be written over on a full disk too.
            let missing = growth == 0 ? 0 : min(growth, max(0, state.usedByteCount + growth - state.byteCountMax))
            if missing >= bytes.count && !bytes.isEmpty { throw self.failure("write", "", .diskFull) }
            bytes.removeLast(missing)
            state.files[index].write(bytes, at: offset)
            return bytes.count
        }
    }

    public func read(
        into buffer: UnsafeMutableRawBufferPointer, from file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) -> Int {
        nonisolated(unsafe) let buffer = buffer
        return try perform(.read, file) { state, index throws(FileSystemError) in
            if state.files[index].unreadable.contains(where: { $0.overlaps(offset..<offset + buffer.count) }) {
                throw self.failure("read", "", .inputOutput)
            }
            let bytes = state.files[index].bytes.dropFirst(offset).prefix(buffer.count)
            buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }

    public func sync(_ file: FileDescriptor) throws(FileSystemError) {
        do {
            try perform(.sync, file) { state, index throws(FileSystemError) in state.files[index].sync() }
        } catch {
            state.withLock { state in
                if let index = state.descriptors[file.number]?.file { state.files[index].failSync() }
            }
            throw error
        }
    }

    public func truncate(_ file: FileDescriptor, to byteCount: Int) throws(FileSystemError) {
        try perform(.truncate, file) { state, index throws(FileSystemError) in
            state.files[index].truncate(to: byteCount)
        }
    }

    public func byteCount(of file: FileDescriptor) throws(FileSystemError) -> Int {
        try perform(.read, file) { state, index throws(FileSystemError) in state.files[index].bytes.count }
    }

    public func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try perform(.rename, path) { state throws(FileSystemError) in
            guard state.names.rename(path, to: newPath) else { throw self.failure("rename", path, .notFound) }
        }
    }

    public func remove(_ path: String) throws(FileSystemError) {
        try perform(.remove, path) { state throws(FileSystemError) in
            guard state.names.unlink(path) else { throw self.failure("unlink", path, .notFound) }
        }
    }

    /// Folders need not be made here.
    public func createDirectory(_ path: String) throws(FileSystemError) {
        try perform(.createDirectory, path) { _ throws(FileSystemError) in }
    }

    public func names(in directory: String) throws(FileSystemError) -> [String] {
        try perform(.list, directory) { state throws(FileSystemError) in
            state.names.current.keys.filter { SimulatedNames.directory(of: $0) == directory }
                .map { String($0.dropFirst(directory.utf8.count + 1)) }
        }
    }

    public func syncDirectory(_ path: String) throws(FileSystemError) {
        try perform(.syncDirectory, path) { state throws(FileSystemError) in state.names.sync(path) }
    }

    public func lock(_ path: String) throws(FileSystemError) -> FileDescriptor {
        let isThere = state.withLock { $0.names.current[path] != nil }
        let file = try open(path, isThere ? .readWrite : .createNew)
        let isFirst = state.withLock { state in
            if state.lockPaths.values.contains(path) { return false }
            state.lockPaths[file.number] = path
            return true
        }
        if isFirst { return file }
        close(file)
        throw failure("lock", path, .locked)
    }

    // MARK: -

    private func perform<Outcome: Sendable>(
        _ operation: Operation, _ path: String, _ body: (inout State) throws(FileSystemError) -> Outcome
    ) throws(FileSystemError) -> Outcome {
        // Called without the lock: it may look at the files, or copy them.
        let fault = state.withLock { $0.fault }
        if let code = fault(operation, path) { throw failure("\(operation)", path, code) }
        let outcome = state.withLock { state in
            Result { () throws(FileSystemError) in try body(&state) }
        }
        return try outcome.get()
    }

    private func perform<Outcome: Sendable>(
        _ operation: Operation, _ file: FileDescriptor,
        _ body: (inout State, Int) throws(FileSystemError) -> Outcome
    ) throws(FileSystemError) -> Outcome {
        let path = state.withLock { $0.descriptors[file.number]?.path }
        return try perform(operation, path ?? "") { state throws(FileSystemError) in
            guard let index = state.descriptors[file.number]?.file else {
                throw self.failure("\(operation)", "", .other)
            }
            return try body(&state, index)
        }
    }

    private func failure(_ operation: String, _ path: String, _ code: FileSystemError.Code) -> FileSystemError {
        FileSystemError(operation: operation, path: path, code: code, number: 0, detail: "injected \(code)")
    }
}
