public import FileSystem

/// The documents that one destination refused: files of lines of JSON in a folder of its own, within a limit.
///
/// A document that is refused again is kept once. For one thread at a time; reading is allowed beside another process
/// that writes.
public final class DeadLetters {
    public let folder: String
    private let byteCountMax: Int
    private let fileSystem: any FileSystem
    private var files: [File] = []
    /// Where the documents go that are kept: index and ID.
    private var targets: Set<String> = []

    private struct File {
        var name: String
        var byteCount: Int
    }

    /// A file that is larger is followed by another.
    private static let fileByteCountMax = 8 << 20
    private static let suffix = ".ndjson"

    /// Documents of which each is counted once.
    public var count: Int { targets.count }
    public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

    /// Takes up what is in the folder, which need not be there. A line that was not finished is passed over.
    /// - Parameter byteCountMax: of all files together.
    public init(
        folder: String, byteCountMax: Int, fileSystem: any FileSystem = LocalFileSystem()
    ) throws(ForwardingError) {
        self.folder = folder
        self.byteCountMax = byteCountMax
        self.fileSystem = fileSystem
        for name in try names() {
            let bytes = try content(name)
            var file = File(name: name, byteCount: 0)
            Self.forEachLine(bytes) { line, end in
                file.byteCount = end
                if let letter = DeadLetter(line: line), let target = letter.targetText { targets.insert(target) }
            }
            files.append(file)
        }
    }

    // MARK: Keeping

    /// Keeps documents that are not kept yet; when it returns they survive the loss of power.
    /// - Throws: `ForwardingError`; `deadLettersFull` if they do not fit: none of them is kept then.
    public func append(_ letters: [DeadLetter]) throws(ForwardingError) {
        var bytes: [UInt8] = []
        var new: Set<String> = []
        for letter in letters {
            guard let target = letter.targetText else { continue }
            if targets.contains(target) || !new.insert(target).inserted { continue }
            bytes += letter.line
        }
        guard !bytes.isEmpty else { return }
        guard byteCount + bytes.count <= byteCountMax || files.isEmpty else {
            throw ForwardingError(
                .deadLettersFull,
                "\(folder) has \(byteCount) bytes of refused documents and room for \(byteCountMax): look at them with "
                    + "'skein forward show-dead-letters', send them again with 'skein forward retry-dead-letters', or "
                    + "remove the files")
        }
        try write(bytes)
        targets.formUnion(new)
    }

    private func write(_ bytes: [UInt8]) throws(ForwardingError) {
        try attempt { () throws(FileSystemError) in
            if files.last.map({ $0.byteCount >= Self.fileByteCountMax }) ?? true { try beginFile() }
            let last = files.count - 1
            let file = try fileSystem.open(path(files[last].name), .readWrite)
            defer { fileSystem.close(file) }
            // What a crash left behind the last whole line goes.
            try fileSystem.truncate(file, to: files[last].byteCount)
            try fileSystem.writeAll(bytes, to: file, at: files[last].byteCount)
            try fileSystem.sync(file)
            files[last].byteCount += bytes.count
        }
    }

    private func beginFile() throws(FileSystemError) {
        try fileSystem.createDirectory(folder)
        let number = (files.last.flatMap { Int($0.name.dropLast(Self.suffix.count)) } ?? 0) + 1
        let digits = String(number)
        let name = String(repeating: "0", count: max(0, 8 - digits.count)) + digits + Self.suffix
        fileSystem.close(try fileSystem.open(path(name), .createNew))
        try fileSystem.syncDirectory(folder)
        files.append(File(name: name, byteCount: 0))
    }

    // MARK: Reading

    /// Calls `body` with each document, the one that was refused first at the beginning; false ends it.
    /// - Returns: lines that are no documents.
    @discardableResult
    public func forEach(_ body: (DeadLetter) throws -> Bool) throws -> Int {
        var seen: Set<String> = []
        var badCount = 0
        for file in files {
            var isGoing = true
            var failure: (any Error)?
            Self.forEachLine(try content(file.name)) { line, _ in
                guard isGoing else { return }
                guard let letter = DeadLetter(line: line), let target = letter.targetText else {
                    badCount += 1
                    return
                }
                guard seen.insert(target).inserted else { return }
                do { isGoing = try body(letter) } catch {
                    failure = error
                    isGoing = false
                }
            }
            if let failure { throw failure }
            if !isGoing { break }
        }
        return badCount
    }

    // MARK: Sending again

    /// Goes through the documents that there are, file by file, and forgets those of which `send` says so.
    ///
    /// Broken off at any point nothing is lost: a file goes when what stays of it stands in a later one.
    /// - Parameter send: gets documents of one file, and returns those that were refused again.
    /// - Returns: documents that are forgotten, and those that stay.
    public func retry(
        _ send: ([DeadLetter]) throws -> [DeadLetter]
    ) throws -> (deliveredCount: Int, refusedCount: Int) {
        let old = files
        var deliveredCount = 0
        var refusedCount = 0
        for file in old {
            var letters: [String: DeadLetter] = [:]
            var order: [String] = []
            var unread: [UInt8] = []
            Self.forEachLine(try content(file.name)) { line, _ in
                guard let letter = DeadLetter(line: line), let target = letter.targetText else {
                    unread += Array(line) + [UInt8(ascii: "\n")]
                    return
                }
                if letters.updateValue(letter, forKey: target) == nil { order.append(target) }
            }
            let refused = try send(order.compactMap { letters[$0] })
            let kept = unread + refused.flatMap(\.line)
            try replace(file.name, by: kept)
            let refusedTargets = Set(refused.compactMap(\.targetText))
            for target in order where !refusedTargets.contains(target) { targets.remove(target) }
            deliveredCount += order.count - refusedTargets.count
            refusedCount += refusedTargets.count
        }
        return (deliveredCount, refusedCount)
    }

    /// Puts other lines in the place of a file's.
    private func replace(_ name: String, by lines: [UInt8]) throws(ForwardingError) {
        guard let place = files.firstIndex(where: { $0.name == name }) else { return }
        if lines.isEmpty {
            try attempt { () throws(FileSystemError) in
                try fileSystem.remove(path(name))
                try fileSystem.syncDirectory(folder)
            }
            files.remove(at: place)
            return
        }
        try attempt { () throws(FileSystemError) in try fileSystem.replace(name, in: folder, by: lines) }
        files[place].byteCount = lines.count
    }

    // MARK: Files

    private func path(_ name: String) -> String { folder + "/" + name }

    private func names() throws(ForwardingError) -> [String] {
        do throws(FileSystemError) {
            return try fileSystem.names(in: folder).filter { $0.hasSuffix(Self.suffix) }.sorted()
        } catch {
            if error.code == .notFound { return [] }
            throw ForwardingError(.unusable, "dead letters: \(error)")
        }
    }

    private func content(_ name: String) throws(ForwardingError) -> [UInt8] {
        try attempt { () throws(FileSystemError) in try fileSystem.readAll(of: path(name)) }
    }

    private func attempt<Value>(
        _ body: () throws(FileSystemError) -> Value
    ) throws(ForwardingError) -> Value {
        do throws(FileSystemError) {
            return try body()
        } catch {
            throw ForwardingError(.unusable, "dead letters: \(error)")
        }
    }

    /// Calls `body` with each whole line, without its end, and the place behind that.
    private static func forEachLine(_ bytes: [UInt8], _ body: (ArraySlice<UInt8>, Int) -> Void) {
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            body(bytes[start..<end], end + 1)
            start = end + 1
        }
    }
}

extension DeadLetter {
    /// Tells documents apart.
    fileprivate var targetText: String? { target.map { "\($0.index)/\($0.id)" } }
}
