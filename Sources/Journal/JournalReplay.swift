internal import FileSystem

/// Reads what an earlier run left in the folder.
struct JournalReplay {
    private let directory: PartDirectory
    private let numbers: [UInt64]
    private var emptyParts: [UInt64] = []
    private var partsWithRecords: [UInt64] = []
    private(set) var recovery = JournalRecovery()

    init(_ directory: PartDirectory) throws(JournalError) {
        self.directory = directory
        do {
            try directory.fileSystem.createDirectory(directory.path)
            numbers = try directory.partNumbers()
        } catch {
            throw JournalError("cannot list \(directory.path)", error)
        }
    }

    var lastPartNumber: UInt64 { numbers.last ?? 0 }

    /// Throws if a newer release wrote any part, before anything is read or changed.
    func checkFormats() throws(JournalError) {
        for number in numbers {
            if case .unsupported(let version, let features) = try reader(number).headerReading {
                throw JournalError(
                    code: .unsupportedFormat,
                    message: "journal: \(directory.path(ofPart: number)) has format version \(version), features "
                        + "\(features); this release reads version \(JournalFormat.version) without features")
            }
        }
    }

    /// Hands out every record, by part and in order, and cuts what a crash left at the end of the last part.
    mutating func run(_ body: (UInt64, UnsafeRawBufferPointer) throws -> Void) throws {
        for number in numbers {
            let reader = try reader(number)
            var summary = try reader.readRecords { try body(number, $0) }
            recovery.partCount += 1
            recovery.recordCount += summary.recordCount
            recovery.byteCount += summary.byteCount
            let isLast = number == numbers.last
            if isLast, !reader.isUnreadableInPlaces, let tail = summary.damages.last,
                tail.upperBound == reader.byteCount
            {
                try cut(number, to: tail.lowerBound)
                recovery.cutByteCount += tail.count
                summary.damages.removeLast()
            }
            recovery.damages += summary.damages.map {
                JournalDamage(partNumber: number, offset: $0.lowerBound, byteCount: $0.count)
            }
            if summary.recordCount == 0 && summary.damages.isEmpty { emptyParts.append(number) }
            if summary.recordCount > 0 { partsWithRecords.append(number) }
        }
    }

    /// Makes what was read durable: a process that was killed wrote it, and perhaps had no time to sync.
    func syncParts() throws(JournalError) {
        for number in partsWithRecords {
            do {
                let file = try directory.fileSystem.open(directory.path(ofPart: number), .readWrite)
                defer { directory.fileSystem.close(file) }
                try directory.fileSystem.sync(file)
            } catch {
                throw JournalError("cannot sync part \(number)", error)
            }
        }
    }

    /// Removes the parts without records. Called when a part with a higher number is durable, so that no number is
    /// used twice.
    mutating func removeEmptyParts() throws(JournalError) {
        do {
            for number in emptyParts { try directory.fileSystem.remove(directory.path(ofPart: number)) }
            if !emptyParts.isEmpty { try directory.fileSystem.syncDirectory(directory.path) }
        } catch {
            throw JournalError("cannot remove an empty part", error)
        }
        recovery.removedPartCount = emptyParts.count
    }

    private func reader(_ number: UInt64) throws(JournalError) -> PartReader {
        do {
            return try PartReader(path: directory.path(ofPart: number), fileSystem: directory.fileSystem)
        } catch {
            throw JournalError("cannot read part \(number)", error)
        }
    }

    private func cut(_ number: UInt64, to byteCount: Int) throws(JournalError) {
        do {
            let file = try directory.fileSystem.open(directory.path(ofPart: number), .readWrite)
            defer { directory.fileSystem.close(file) }
            try directory.fileSystem.truncate(file, to: byteCount)
            try directory.fileSystem.sync(file)
        } catch {
            throw JournalError("cannot cut the end of part \(number)", error)
        }
    }
}
