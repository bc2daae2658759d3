internal import Bytes
internal import Catalog
internal import Sampling
internal import TraceModel

/// The latest decisions on traces, of some 200,000 at most, in memory and in the catalog. For one thread at a time.
final class DecisionMemory {
    private struct Entry: BitwiseCopyable {
        var threshold: SamplingThreshold
        /// A place in `policies`.
        var policy: UInt32
        var isKept: Bool
    }

    private var recent: [TraceID: Entry] = [:]
    private var older: [TraceID: Entry] = [:]
    private var policies: [String] = []
    /// The catalog does not have these yet.
    private var fresh: [TraceID] = []
    /// The catalog's rows, and how many traces each has.
    private var rows: [(id: Int64, traceCount: Int)] = []
    private var lastID: Int64 = 0

    private static let halfCount = 100_000
    private static let rowCountMax = 1000

    /// - Parameters:
    ///   - rows: what the catalog has, ascending.
    ///   - report: is told of each that cannot be read.
    init(_ rows: [DecisionChange.Row] = [], _ report: (any Error) -> Void = { _ in }) {
        for row in rows {
            let countBefore = fresh.count
            do {
                try read(row.content)
            } catch {
                report(error)
            }
            self.rows.append((row.id, fresh.count - countBefore))
            lastID = row.id
        }
        fresh = []
    }

    subscript(traceID: TraceID) -> TailDecision? {
        (recent[traceID] ?? older[traceID]).map {
            TailDecision(isKept: $0.isKept, threshold: $0.threshold, policy: policies[Int($0.policy)])
        }
    }

    /// Remembers a decision on a trace that none is known of.
    func enter(_ decision: TailDecision, on traceID: TraceID) {
        enter(
            Entry(threshold: decision.threshold, policy: number(of: decision.policy), isKept: decision.isKept), traceID)
    }

    private func enter(_ entry: Entry, _ traceID: TraceID) {
        if recent.count >= Self.halfCount {
            older = recent
            recent = [:]
        }
        recent[traceID] = entry
        fresh.append(traceID)
    }

    private func number(of policy: String) -> UInt32 {
        if let known = policies.firstIndex(of: policy) { return UInt32(known) }
        policies.append(policy)
        return UInt32(policies.count - 1)
    }

    // MARK: The catalog

    /// What the catalog is to be told; nil: nothing.
    var change: DecisionChange? {
        guard !fresh.isEmpty else { return nil }
        var (lastForgottenID, left) = (Int64(0), fresh.count)
        for (place, row) in rows.enumerated().reversed() {
            // What was decided while nothing could be sealed may be more than is remembered.
            if left >= 2 * Self.halfCount || rows.count - place >= Self.rowCountMax {
                lastForgottenID = row.id
                break
            }
            left += row.traceCount
        }
        return DecisionChange(
            row: DecisionChange.Row(id: lastID + 1, content: written()), lastForgottenID: lastForgottenID)
    }

    /// The catalog has the change.
    func commit(_ change: DecisionChange) {
        rows.removeAll { $0.id <= change.lastForgottenID }
        rows.append((change.row.id, fresh.count))
        lastID = change.row.id
        fresh = []
    }

    // MARK: Rows

    private static let magic: UInt32 = 0x3144_4b53  // "SKD1"
    private static let headerByteCount = 8
    // How a threshold is told, in bits 1 and 2 of a trace's varint.
    private static let all: UInt64 = 0
    private static let none: UInt64 = 1
    private static let told: UInt64 = 2

    /// The fresh decisions. Layout: storage/sampling-decisions-format.md.
    private func written() -> [UInt8] {
        let entries = fresh.compactMap { traceID in (recent[traceID] ?? older[traceID]).map { (traceID, $0) } }
        var writer = ByteWriter()
        writer.write(Self.magic)
        writer.write(UInt32(0))
        writer.writeVarint(policies.count)
        for policy in policies {
            writer.writeVarint(policy.utf8.count)
            writer.write(Array(policy.utf8))
        }
        writer.writeVarint(entries.count)
        for (traceID, entry) in entries {
            writer.write(traceID.high)
            writer.write(traceID.low)
            let kind =
                entry.threshold == .all ? Self.all : entry.threshold == .none ? Self.none : Self.told
            writer.writeVarint(UInt64(entry.policy) << 3 | kind << 1 | (entry.isKept ? 1 : 0))
            if kind == Self.told { writer.write(entry.threshold.rejected) }
        }
        let checksum = writer.bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[Self.headerByteCount...]))
        }
        writer.overwrite(checksum, at: 4)
        return writer.bytes
    }

    private func read(_ content: [UInt8]) throws(ByteReaderError) {
        let result: Result<Void, ByteReaderError> = content.withUnsafeBytes { bytes in
            Result { () throws(ByteReaderError) in try read(bytes) }
        }
        try result.get()
    }

    private func read(_ bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt32() == Self.magic else {
            throw ByteReaderError(offset: 0, message: "not decisions on traces")
        }
        guard
            try reader.readUInt32()
                == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[Self.headerByteCount...]))
        else { throw ByteReaderError(offset: 4, message: "decisions on traces with a wrong checksum") }
        var numbers: [UInt32] = []
        for _ in 0..<(try reader.readCount(max: reader.remaining)) {
            let name = try reader.readBytes(try reader.readCount(max: reader.remaining))
            numbers.append(number(of: String(decoding: name, as: UTF8.self)))
        }
        for _ in 0..<(try reader.readCount(max: reader.remaining / 17)) {
            let traceID = TraceID(high: try reader.readUInt64(), low: try reader.readUInt64())
            let place = reader.offset
            let word = try reader.readVarint()
            let threshold: SamplingThreshold
            switch word >> 1 & 3 {
            case Self.all: threshold = .all
            case Self.none: threshold = .none
            case Self.told: threshold = SamplingThreshold(rejected: try reader.readUInt64())
            default: throw ByteReaderError(offset: place, message: "a decision with an unknown threshold")
            }
            guard word >> 3 < UInt64(numbers.count) else {
                throw ByteReaderError(offset: place, message: "a decision by an unknown policy")
            }
            enter(Entry(threshold: threshold, policy: numbers[Int(word >> 3)], isKept: word & 1 == 1), traceID)
        }
    }
}
