internal import Bytes
internal import Topology
internal import TraceModel

/// Calls that wait, as one row of the catalog has them. Layout: storage/topology-format.md, "Waiting calls".
struct WaitingRow: Sendable {
    /// What was added to the calls that wait; each group starts at a place of the chunk.
    var groups: [CallGroup] = []
    var chunk: WaitingChunk
    /// Low halves of the IDs of traces that were settled whatever came of them last.
    var settled: [UInt64] = []

    static let magic: UInt32 = 0x3257_4b53  // "SKW2"
    static let headerByteCount = 12
    /// More is no row of ours.
    static let byteCountMax = 1 << 30
    /// So many calls are within that, whatever they are.
    static let recordCountMax = 10_000_000

    /// Appends the records of a trace.
    func append(_ group: CallGroup, to records: inout [CallRecord]) {
        chunk.append(from: Int(group.start), traceIDLow: group.traceIDLow, to: &records)
    }
}

/// Writes a row of waiting calls, trace by trace.
struct WaitingRowWriter: ~Copyable {
    private var body: ByteBuffer
    private(set) var groups: [CallGroup] = []
    private let cutoff: Int64
    /// Those that the records' sites are numbers of.
    private let names: CallNames
    /// For each site of `names` its number in the row and 1; 0: not needed yet.
    private var numbers: [UInt32]
    private var sites: [UInt32] = []
    private var recordCount = 0

    /// - Parameters:
    ///   - cutoff: of the row; times are told by their distance to it.
    ///   - recordCount: how many will come, about.
    init(cutoff: Int64, _ names: CallNames, expecting recordCount: Int = 0) {
        self.cutoff = cutoff
        self.names = names
        numbers = [UInt32](repeating: 0, count: names.sites.count)
        body = ByteBuffer(capacity: 1024 + recordCount * 20)
        for _ in 0..<WaitingRow.headerByteCount { body.write(byte: 0) }
    }

    /// Adds what waits of a trace.
    /// - Returns: where its records begin.
    mutating func add(
        traceIDLow: UInt64, firstArrival: Int64, lastArrival: Int64, _ records: UnsafeBufferPointer<CallRecord>
    ) -> UInt32 {
        body.write(traceIDLow)
        body.writeVarint(Varint.zigzag(lastArrival &- cutoff))
        body.writeVarint(UInt64(bitPattern: lastArrival &- firstArrival))
        let start = UInt32(body.count)
        groups.append(
            CallGroup(
                traceIDLow: traceIDLow, firstArrival: firstArrival, lastArrival: lastArrival, start: start,
                count: UInt32(records.count)))
        recordCount += records.count
        WaitingCoding.write(records, cutoff: cutoff, into: &body) { site in
            if numbers[Int(site)] == 0 {
                sites.append(site)
                numbers[Int(site)] = UInt32(sites.count)
            }
            return numbers[Int(site)] - 1
        }
        return start
    }

    /// - Parameters:
    ///   - settled: low halves of the IDs of traces that are settled whatever came of them last.
    ///   - isStored: false leaves out what only a later process needs.
    consuming func finish(settled: [UInt64] = [], isStored: Bool = true) -> WaitingRow {
        let end = body.count
        if isStored { writeTables(settled) }
        let content = body.withBytes { bytes in
            [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
                let target = UnsafeMutableRawBufferPointer(target)
                target.copyMemory(from: bytes)
                target.storeBytes(of: WaitingRow.magic.littleEndian, toByteOffset: 0, as: UInt32.self)
                target.storeBytes(of: UInt32(end).littleEndian, toByteOffset: 8, as: UInt32.self)
                let checksum = isStored ? CRC32C.checksum(UnsafeRawBufferPointer(rebasing: target[8...])) : 0
                target.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
                count = bytes.count
            }
        }
        return WaitingRow(
            groups: groups,
            chunk: WaitingChunk(content: content, sites: sites, cutoff: cutoff, recordCount: recordCount),
            settled: settled)
    }

    /// Writes the names and sites that the records need, and the rest.
    private mutating func writeTables(_ settled: [UInt64]) {
        let sites = sites.map { names.sites[Int($0)] }
        var nameNumbers: [UInt32: UInt32] = [0: 0]
        var written: [UInt32] = []
        for site in sites {
            for name in site.names where nameNumbers[name] == nil {
                written.append(name)
                nameNumbers[name] = UInt32(written.count)
            }
        }
        body.writeVarint(UInt64(written.count))
        for name in written {
            names.withName(name) { bytes in
                body.writeVarint(UInt64(bytes.count))
                body.write(bytes)
            }
        }
        body.writeVarint(UInt64(sites.count))
        for site in sites {
            for name in site.names { body.writeVarint(UInt64(nameNumbers[name] ?? 0)) }
            body.writeVarint(UInt64(site.traits.rawValue))
        }
        body.writeVarint(UInt64(settled.count))
        for traceIDLow in settled { body.write(traceIDLow) }
        body.writeVarint(UInt64(groups.count))
    }
}

extension CallSite {
    /// All names, in the order in which rows have them.
    var names: [UInt32] {
        [serviceName, namespace, version, operationName, remoteServiceName, target, targetVersion]
    }
}

/// Bytes being written; faster than `ByteWriter` for millions of small numbers.
struct ByteBuffer: ~Copyable {
    private var bytes: ColumnBuffer<UInt8>

    init(capacity: Int) { bytes = ColumnBuffer(capacity: capacity) }

    var count: Int { bytes.count }

    @inline(__always)
    mutating func write(byte: UInt8) { bytes.append(byte) }

    @inline(__always)
    mutating func write(_ value: UInt64) {
        let room = UnsafeMutableRawPointer(bytes.room(for: 8))
        room.storeBytes(of: value.littleEndian, as: UInt64.self)
        bytes.extend(by: 8)
    }

    @inline(__always)
    mutating func writeVarint(_ value: UInt64) {
        let room = bytes.room(for: Varint.byteCountMax)
        var rest = value
        var count = 0
        while rest >= 0x80 {
            room[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            count += 1
        }
        room[count] = UInt8(truncatingIfNeeded: rest)
        bytes.extend(by: count + 1)
    }

    mutating func write(_ raw: UnsafeRawBufferPointer) {
        raw.withMemoryRebound(to: UInt8.self) { bytes.append(contentsOf: $0) }
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { body(bytes.bytes) }
}
