internal import Synchronization

extension FaultInjectingFileSystem {
    /// What a disk holds after the power went: everything synced; of the rest, whatever the generator picks.
    public func afterPowerCut(using generator: inout some RandomNumberGenerator) -> FaultInjectingFileSystem {
        let (files, names) = state.withLock { ($0.files, $0.names) }
        var after = State()
        after.files = files.map { SimulatedFile(durable: $0.afterPowerCut(using: &generator)) }
        after.names = SimulatedNames(durable: names.afterPowerCut(using: &generator))
        return FaultInjectingFileSystem(after)
    }

    /// What a process that was killed leaves: all that was written, the unsynced still in danger from a power cut.
    public func afterKill() -> FaultInjectingFileSystem {
        let (files, names) = state.withLock { ($0.files, $0.names) }
        var after = State()
        after.files = files
        after.names = names
        return FaultInjectingFileSystem(after)
    }

    /// The same files where a folder has another name.
    public func renamingFolder(_ folder: String, to newFolder: String) -> FaultInjectingFileSystem {
        let (files, names) = state.withLock { ($0.files, $0.names) }
        var after = State()
        after.files = files
        after.names = names.renamingFolder(folder, to: newFolder)
        return FaultInjectingFileSystem(after)
    }
}

/// A file as processes see it, and what of it has reached the disk for certain.
struct SimulatedFile {
    private enum Content {
        case write([UInt8], offset: Int)
        case truncation(Int)
    }

    private enum Fate {
        case unsynced
        /// Clean as far as the system knows, after a sync that failed: no later sync writes it.
        case doubtful
        case synced
    }

    private(set) var bytes: [UInt8]
    private var durable: [UInt8]
    /// In order, from the first that is not safe on.
    private var changes: [(content: Content, fate: Fate)] = []
    var unreadable: [Range<Int>] = []

    init(durable: [UInt8]) {
        bytes = durable
        self.durable = durable
    }

    var unsyncedByteCount: Int {
        changes.reduce(0) { sum, change in
            guard case .write(let bytes, _) = change.content, change.fate == .unsynced else { return sum }
            return sum + bytes.count
        }
    }

    mutating func write(_ new: [UInt8], at offset: Int) { change(.write(new, offset: offset)) }

    mutating func truncate(to byteCount: Int) { change(.truncation(byteCount)) }

    private mutating func change(_ content: Content) {
        Self.apply(content, to: &bytes)
        changes.append((content, .unsynced))
    }

    mutating func sync() {
        for place in changes.indices where changes[place].fate == .unsynced { changes[place].fate = .synced }
        guard !changes.contains(where: { $0.fate == .doubtful }) else { return }
        for change in changes { Self.apply(change.content, to: &durable) }
        changes = []
    }

    /// As Linux does it: pages whose writing failed count as clean. The file's size is kept with the folder's data,
    /// and is written when that is.
    mutating func failSync() {
        for place in changes.indices where changes[place].fate == .unsynced {
            if case .write = changes[place].content { changes[place].fate = .doubtful }
        }
    }

    private static func apply(_ content: Content, to bytes: inout [UInt8]) {
        switch content {
        case .write(let new, let offset):
            let end = offset + new.count
            if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
            bytes.replaceSubrange(offset..<end, with: new)
        case .truncation(let byteCount):
            let missing = byteCount - bytes.count
            if missing > 0 { bytes += [UInt8](repeating: 0, count: missing) } else { bytes.removeLast(-missing) }
        }
    }

    /// Writes reach the disk in any order, whole, torn or not at all; truncations in their order.
    func afterPowerCut(using generator: inout some RandomNumberGenerator) -> [UInt8] {
        var bytes = durable
        var truncationsLeft = Int.random(in: 0...changes.count, using: &generator)
        for (content, fate) in changes {
            switch content {
            case _ where fate == .synced:
                Self.apply(content, to: &bytes)
            case .truncation:
                if truncationsLeft > 0 { Self.apply(content, to: &bytes) }
                truncationsLeft -= 1
            case .write(let new, let offset):
                guard Bool.random(using: &generator) else { continue }
                // The last piece may be torn; the file may have grown without its bytes.
                let isWhole = Bool.random(using: &generator)
                let count = isWhole ? new.count : Int.random(in: 0...new.count, using: &generator)
                if Bool.random(using: &generator) {
                    let missing = offset + new.count - bytes.count
                    if missing > 0 { bytes += [UInt8](repeating: 0, count: missing) }
                }
                Self.apply(.write(Array(new.prefix(count)), offset: offset), to: &bytes)
            }
        }
        return bytes
    }
}

/// The files' names as processes see them, and those that have reached the disk for certain.
struct SimulatedNames {
    private enum Change {
        case link(String, Int)
        case unlink(String)
        case rename(String, to: String, Int)

        var path: String {
            switch self {
            case .link(let path, _), .unlink(let path), .rename(let path, _, _): path
            }
        }
    }

    private(set) var current: [String: Int] = [:]
    private var durable: [String: Int] = [:]
    private var changes: [Change] = []

    init() {}

    init(durable: [String: Int]) {
        current = durable
        self.durable = durable
    }

    static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    mutating func setDurably(_ path: String, _ file: Int) {
        current[path] = file
        durable[path] = file
    }

    mutating func link(_ path: String, _ file: Int) { change(.link(path, file)) }

    mutating func unlink(_ path: String) -> Bool {
        guard current[path] != nil else { return false }
        change(.unlink(path))
        return true
    }

    mutating func rename(_ path: String, to newPath: String) -> Bool {
        guard let file = current[path] else { return false }
        change(.rename(path, to: newPath, file))
        return true
    }

    private mutating func change(_ change: Change) {
        Self.apply(change, to: &current)
        changes.append(change)
    }

    mutating func sync(_ directory: String) {
        for change in changes where Self.directory(of: change.path) == directory { Self.apply(change, to: &durable) }
        changes.removeAll { Self.directory(of: $0.path) == directory }
    }

    private static func apply(_ change: Change, to names: inout [String: Int]) {
        switch change {
        case .link(let path, let file): names[path] = file
        case .unlink(let path): names[path] = nil
        case .rename(let path, let newPath, let file):
            names[path] = nil
            names[newPath] = file
        }
    }

    /// The changes since the last sync reach the disk in order up to some moment, or in any order.
    func afterPowerCut(using generator: inout some RandomNumberGenerator) -> [String: Int] {
        var names = durable
        let isOrdered = Bool.random(using: &generator)
        let count = Int.random(in: 0...changes.count, using: &generator)
        for (place, change) in changes.enumerated() {
            if isOrdered ? place < count : Bool.random(using: &generator) { Self.apply(change, to: &names) }
        }
        return names
    }

    func renamingFolder(_ folder: String, to newFolder: String) -> SimulatedNames {
        func moved(_ path: String) -> String {
            path.hasPrefix(folder + "/") ? newFolder + path.dropFirst(folder.count) : path
        }
        var names = SimulatedNames(durable: Dictionary(uniqueKeysWithValues: durable.map { (moved($0), $1) }))
        names.current = Dictionary(uniqueKeysWithValues: current.map { (moved($0), $1) })
        names.changes = changes.map { change in
            switch change {
            case .link(let path, let file): .link(moved(path), file)
            case .unlink(let path): .unlink(moved(path))
            case .rename(let path, let newPath, let file): .rename(moved(path), to: moved(newPath), file)
            }
        }
        return names
    }
}
