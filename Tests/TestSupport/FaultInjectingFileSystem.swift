public import FileSystem
internal import Synchronization

/// Files in memory that fail when told to, and forget at a power cut what was not synced.
public final class FaultInjectingFileSystem: FileSystem {
    public enum Operation: Sendable, Equatable {
        case open, write, read, sync, truncate, rename, remove, list, syncDirectory
    }

    private struct File {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
        /// Written since the last sync.
        var dirty: [Range<Int>] = []
        var unreadable: [Range<Int>] = []
    }

    private struct State {
        var files: [File] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var descriptors: [Int32: Int] = [:]
        var nextDescriptor: Int32 = 1
        var locked: Set<String> = []
        var lockPaths: [Int32: String] = [:]
        var byteCountMax = Int.max
        var writeByteCountMax = Int.max
        var fault: @Sendable (Operation, String) -> FileSystemError.Code? = { _, _ in nil }
    }

    private let state: Mutex<State>

    public init() { state = Mutex(State()) }

    private init(_ initial: sending State) { state = Mutex(initial) }

    /// Room for all files together; writing beyond it writes what fits, then fails with `.diskFull`.
    public func setCapacity(_ byteCount: Int) { state.withLock { $0.byteCountMax = byteCount } }

    /// Bytes that one write takes at most.
    public func setWriteByteCountMax(_ byteCount: Int) { state.withLock { $0.writeByteCountMax = byteCount } }

    /// Asked before each operation, with the path where it is known.
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

    public func openFileCount() -> Int { state.withLock { $0.descriptors.count } }

    /// Bytes written to files that have a name, and not synced.
    public func unsyncedByteCount() -> Int {
        state.withLock { state in
            state.names.values.reduce(0) { $0 + state.files[$1].dirty.reduce(0) { $0 + $1.count } }
        }
    }

    public func contents(of path: String) -> [UInt8]? {
        state.withLock { state in state.names[path].map { state.files[$0].bytes } }
    }

    /// Puts a file there, durably.
    public func setContents(of path: String, _ bytes: [UInt8]) {
        state.withLock { state in
            state.files.append(File(bytes: bytes, durable: bytes))
            state.names[path] = state.files.count - 1
            state.durableNames[path] = state.files.count - 1
        }
    }

    /// Lets every read that touches these bytes fail.
    public func setUnreadable(_ path: String, _ range: Range<Int>) {
        state.withLock { state in
            if let file = state.names[path] { state.files[file].unreadable.append(range) }
        }
    }

    /// What a disk holds after the power went: everything synced; of the rest, whatever the generator picks.
    public func afterPowerCut(using generator: inout some RandomNumberGenerator) -> FaultInjectingFileSystem {
        let (files, names, durableNames) = state.withLock { ($0.files, $0.names, $0.durableNames) }
        var after = State()
        for file in files {
            var bytes = file.durable
            for range in file.dirty where Bool.random(using: &generator) {
                // The last piece to reach the disk may be torn; the file's size may grow without its bytes.
                let end = Int.random(in: range.lowerBound...range.upperBound, using: &generator)
                let grown = Bool.random(using: &generator) ? range.upperBound : end
                guard end <= file.bytes.count, grown <= file.bytes.count else { continue }
                if bytes.count < grown { bytes += [UInt8](repeating: 0, count: grown - bytes.count) }
                bytes.replaceSubrange(range.lowerBound..<end, with: file.bytes[range.lowerBound..<end])
            }
            after.files.append(File(bytes: bytes, durable: bytes))
        }
        after.names = durableNames
        for (path, file) in names.sorted(by: { $0.key < $1.key }) where Bool.random(using: &generator) {
            after.names[path] = file
        }
        after.durableNames = after.names
        return FaultInjectingFileSystem(after)
    }

    public func open(_ path: String, _ mode: FileOpenMode) throws(FileSystemError) -> FileDescriptor {
        try perform(.open, path) { state throws(FileSystemError) in
            var file = state.names[path]
            switch mode {
            case .read, .readWrite:
                if file == nil { throw self.failure("open", path, .notFound) }
            case .createNew:
                if file != nil { throw self.failure("open", path, .alreadyExists) }
            case .createEmpty:
                if let file {
                    state.files[file].bytes = []
                    state.files[file].dirty = []
                }
            }
            if file == nil {
                state.files.append(File())
                file = state.files.count - 1
                state.names[path] = file
            }
            defer { state.nextDescriptor += 1 }
            state.descriptors[state.nextDescriptor] = file
            return FileDescriptor(number: state.nextDescriptor)
        }
    }

    public func close(_ file: FileDescriptor) {
        state.withLock { state in
            state.descriptors[file.number] = nil
            if let path = state.lockPaths.removeValue(forKey: file.number) { state.locked.remove(path) }
        }
    }

    public func write(
        _ buffers: [UnsafeRawBufferPointer], to file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) -> Int {
        nonisolated(unsafe) let buffers = buffers
        return try perform(.write, file) { state, index throws(FileSystemError) in
            let used = state.files.reduce(0) { $0 + $1.bytes.count }
            var bytes = buffers.flatMap { Array($0) }
            bytes = Array(bytes.prefix(state.writeByteCountMax))
            let growth = max(0, offset + bytes.count - state.files[index].bytes.count)
            let missing = max(0, used + growth - state.byteCountMax)
            if missing >= bytes.count && !bytes.isEmpty { throw self.failure("write", "", .diskFull) }
            bytes.removeLast(missing)
            let end = offset + bytes.count
            let old = state.files[index].bytes.count
            if old < end { state.files[index].bytes += [UInt8](repeating: 0, count: end - old) }
            state.files[index].bytes.replaceSubrange(offset..<end, with: bytes)
            state.files[index].dirty.append(offset..<end)
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
            try perform(.sync, file) { state, index throws(FileSystemError) in
                let now = state.files[index].bytes
                var durable = Array(state.files[index].durable.prefix(now.count))
                durable += [UInt8](repeating: 0, count: now.count - durable.count)
                for range in state.files[index].dirty {
                    let kept = range.clamped(to: 0..<now.count)
                    durable.replaceSubrange(kept, with: now[kept])
                }
                state.files[index].durable = durable
                state.files[index].dirty = []
            }
        } catch {
            // As Linux does it: the pages count as clean afterwards, and no later sync will write them.
            state.withLock { state in
                if let index = state.descriptors[file.number] { state.files[index].dirty = [] }
            }
            throw error
        }
    }

    public func truncate(_ file: FileDescriptor, to byteCount: Int) throws(FileSystemError) {
        try perform(.truncate, file) { state, index throws(FileSystemError) in
            let now = state.files[index].bytes.count
            if byteCount < now {
                state.files[index].bytes.removeLast(now - byteCount)
                state.files[index].dirty = state.files[index].dirty.map { $0.clamped(to: 0..<byteCount) }
            } else {
                state.files[index].bytes += [UInt8](repeating: 0, count: byteCount - now)
            }
        }
    }

    public func byteCount(of file: FileDescriptor) throws(FileSystemError) -> Int {
        try perform(.read, file) { state, index throws(FileSystemError) in state.files[index].bytes.count }
    }

    public func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try perform(.rename, path) { state throws(FileSystemError) in
            guard let file = state.names.removeValue(forKey: path) else {
                throw self.failure("rename", path, .notFound)
            }
            state.names[newPath] = file
        }
    }

    public func remove(_ path: String) throws(FileSystemError) {
        try perform(.remove, path) { state throws(FileSystemError) in
            guard let file = state.names.removeValue(forKey: path) else {
                throw self.failure("unlink", path, .notFound)
            }
            // Its room is free at once; no test reads a file that was removed.
            state.files[file].bytes = []
        }
    }

    public func createDirectory(_ path: String) throws(FileSystemError) {}

    public func names(in directory: String) throws(FileSystemError) -> [String] {
        try perform(.list, directory) { state throws(FileSystemError) in
            state.names.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.count + 1)) }
        }
    }

    public func syncDirectory(_ path: String) throws(FileSystemError) {
        try perform(.syncDirectory, path) { state throws(FileSystemError) in
            state.durableNames = state.durableNames.filter { !$0.key.hasPrefix(path + "/") }
            for (name, file) in state.names where name.hasPrefix(path + "/") { state.durableNames[name] = file }
        }
    }

    public func lock(_ path: String) throws(FileSystemError) -> FileDescriptor {
        let file = try open(path, state.withLock { $0.names[path] != nil } ? .readWrite : .createNew)
        let isNew = state.withLock { state in
            state.lockPaths[file.number] = path
            return state.locked.insert(path).inserted
        }
        if isNew { return file }
        state.withLock { $0.lockPaths[file.number] = nil }
        close(file)
        throw failure("lock", path, .locked)
    }

    // MARK: -

    private func perform<Outcome: Sendable>(
        _ operation: Operation, _ path: String, _ body: (inout State) throws(FileSystemError) -> Outcome
    ) throws(FileSystemError) -> Outcome {
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
        let path = state.withLock { state in
            state.descriptors[file.number].flatMap { index in state.names.first { $0.value == index }?.key }
        }
        return try perform(operation, path ?? "") { state throws(FileSystemError) in
            guard let index = state.descriptors[file.number] else {
                throw self.failure("\(operation)", "", .other)
            }
            return try body(&state, index)
        }
    }

    private func failure(_ operation: String, _ path: String, _ code: FileSystemError.Code) -> FileSystemError {
        FileSystemError(operation: operation, path: path, code: code, number: 0, detail: "injected \(code)")
    }
}
