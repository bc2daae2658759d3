internal import Bytes
internal import Compression
internal import Topology
internal import TraceModel

/// Calls that wait, as one row of the catalog has them. Layout: storage/topology-format.md, "Waiting calls".
struct WaitingRow: Sendable {
    /// What was added to the calls that wait.
    var added = CallGroups()
    /// Low halves of the IDs of traces that were settled whatever came of them last.
    var settled: [UInt64] = []

    static let magic: UInt32 = 0x3157_4b53  // "SKW1"
    static let headerByteCount = 12
    /// A body that unpacks to more is none of ours.
    static let byteCountMax = 1 << 30

    // MARK: Writing

    /// - Parameters:
    ///   - cutoff: of the row; times are told by their distance to it.
    ///   - names: those that the records' sites are numbers of.
    func encode(cutoff: Int64, _ names: CallNames) -> [UInt8] {
        var body = ByteBuffer(capacity: 1024 + added.groups.count * 32 + added.records.count * 40)
        let numbers = encodeSites(names, into: &body)
        body.writeVarint(UInt64(settled.count))
        for traceIDLow in settled { body.write(traceIDLow) }
        body.writeVarint(UInt64(added.groups.count))
        for group in added.groups { body.write(group.traceIDLow) }
        for group in added.groups {
            body.writeVarint(UInt64(group.count))
            body.writeVarint(Varint.zigzag(group.lastArrival &- cutoff))
            body.writeVarint(UInt64(bitPattern: group.lastArrival &- group.firstArrival))
        }
        added.records.withUnsafeBufferPointer { records in
            for record in records {
                body.write(record.spanID)
                body.write(record.parentID)
            }
            encodeRest(records, numbers, into: &body)
        }
        return body.withBytes { Self.packed($0) }
    }

    private func encodeRest(
        _ records: UnsafeBufferPointer<CallRecord>, _ numbers: [UInt32], into body: inout ByteBuffer
    ) {
        var (high, start) = (UInt64(0), Int64(0))
        for record in records {
            body.writeVarint(record.traceIDHigh ^ high)
            body.writeVarint(Varint.zigzag(record.start &- start))
            body.writeVarint(Varint.zigzag(record.duration))
            body.writeVarint(UInt64(numbers[Int(record.site)]) - 1)
            body.writeVarint(UInt64(record.address))
            (high, start) = (record.traceIDHigh, record.start)
        }
    }

    /// Writes the names and sites that the records need.
    /// - Returns: for each site of `names` its number here and 1; 0: not needed.
    private func encodeSites(_ names: CallNames, into body: inout ByteBuffer) -> [UInt32] {
        var numbers = [UInt32](repeating: 0, count: names.sites.count)
        var sites: [CallSite] = []
        for record in added.records where numbers[Int(record.site)] == 0 {
            sites.append(names.sites[Int(record.site)])
            numbers[Int(record.site)] = UInt32(sites.count)
        }
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
        return numbers
    }

    private static func packed(_ body: UnsafeRawBufferPointer) -> [UInt8] {
        let room = headerByteCount + LZ4.packedByteCountMax(body.count)
        return [UInt8](unsafeUninitializedCapacity: room) { target, count in
            let target = UnsafeMutableRawBufferPointer(target)
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[headerByteCount...])
            count = headerByteCount + LZ4.pack(body, into: rest, level: .fast)
            target.storeBytes(of: magic.littleEndian, toByteOffset: 0, as: UInt32.self)
            target.storeBytes(of: UInt32(body.count).littleEndian, toByteOffset: 8, as: UInt32.self)
            let checksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: target[8..<count]))
            target.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
        }
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
