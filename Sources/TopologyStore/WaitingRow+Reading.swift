internal import Bytes
internal import Compression
internal import Topology
internal import TraceModel

extension WaitingRow {
    /// Reads a row; what it is not sure of, it refuses.
    ///
    /// - Parameter names: take in the sites of the row, whose numbers the records then have.
    init(_ content: [UInt8], cutoff: Int64, _ names: inout CallNames) throws(ByteReaderError) {
        let body = try content.withBytes { bytes throws(ByteReaderError) in try Self.unpacked(bytes) }
        self = try body.withBytes { bytes throws(ByteReaderError) in
            var reader = ByteReader(bytes)
            let row = try WaitingRow(&reader, cutoff: cutoff, &names)
            guard reader.isAtEnd else {
                throw ByteReaderError(offset: reader.offset, message: "bytes behind the last call")
            }
            return row
        }
    }

    private static func unpacked(_ content: UnsafeRawBufferPointer) throws(ByteReaderError) -> [UInt8] {
        var reader = ByteReader(content)
        guard try reader.readUInt32() == magic else {
            throw ByteReaderError(offset: 0, message: "no row of waiting calls")
        }
        let checksum = try reader.readUInt32()
        guard CRC32C.checksum(UnsafeRawBufferPointer(rebasing: content[8...])) == checksum else {
            throw ByteReaderError(offset: 4, message: "the checksum does not match")
        }
        let byteCount = Int(try reader.readUInt32())
        let packed = try reader.readBytes(reader.remaining)
        // No LZ4 block becomes more than 255 times as long.
        guard byteCount <= byteCountMax, byteCount <= packed.count * 255 else {
            throw ByteReaderError(offset: 8, message: "the length cannot be")
        }
        var isWhole = false
        let body = [UInt8](unsafeUninitializedCapacity: byteCount) { target, count in
            isWhole = LZ4.unpack(packed, into: UnsafeMutableRawBufferPointer(target))
            count = isWhole ? byteCount : 0
        }
        guard isWhole else { throw ByteReaderError(offset: headerByteCount, message: "the calls cannot be unpacked") }
        return body
    }

    private init(_ reader: inout ByteReader, cutoff: Int64, _ names: inout CallNames) throws(ByteReaderError) {
        let sites = try Self.readSites(&reader, &names)
        settled = []
        for _ in 0..<(try reader.readCount(max: reader.remaining / 8)) { settled.append(try reader.readUInt64()) }
        let groups = try Self.readGroups(&reader, cutoff: cutoff)
        let count = groups.last.map { Int($0.start) + Int($0.count) } ?? 0
        var ids = ByteReader(try reader.readBytes(count * 16))
        var records: [CallRecord] = []
        records.reserveCapacity(count)
        var (high, start) = (UInt64(0), Int64(0))
        for group in groups {
            for _ in group.rows {
                high ^= try reader.readVarint()
                start &+= try reader.readSignedVarint()
                let duration = try reader.readSignedVarint()
                let place = reader.offset
                let site = try reader.readVarint()
                let address = try reader.readCount(max: Int(UInt32.max))
                guard site < sites.count else {
                    throw ByteReaderError(offset: place, message: "a call of an unknown site")
                }
                records.append(
                    CallRecord(
                        traceIDHigh: high, traceIDLow: group.traceIDLow, spanID: try ids.readUInt64(),
                        parentID: try ids.readUInt64(), start: start, duration: duration, site: sites[Int(site)],
                        address: UInt32(address)))
            }
        }
        added = CallGroups(groups: groups, records: records)
    }

    private static func readSites(
        _ reader: inout ByteReader, _ names: inout CallNames
    ) throws(ByteReaderError) -> [UInt32] {
        var nameNumbers: [UInt32] = [0]
        for _ in 0..<(try reader.readCount(max: reader.remaining)) {
            let byteCount = try reader.readCount(max: reader.remaining)
            nameNumbers.append(names.number(of: try reader.readBytes(byteCount)))
        }
        func name() throws(ByteReaderError) -> UInt32 {
            nameNumbers[try reader.readCount(max: nameNumbers.count - 1)]
        }
        var sites: [UInt32] = []
        for _ in 0..<(try reader.readCount(max: reader.remaining / 8)) {
            let site = CallSite(
                serviceName: try name(), namespace: try name(), version: try name(), operationName: try name(),
                remoteServiceName: try name(), target: try name(), targetVersion: try name(),
                traits: CallTraits(rawValue: UInt16(try reader.readCount(max: Int(CallTraits.mask)))))
            sites.append(names.number(of: site))
        }
        return sites
    }

    private static func readGroups(
        _ reader: inout ByteReader, cutoff: Int64
    ) throws(ByteReaderError) -> [CallGroup] {
        let groupCount = try reader.readCount(max: reader.remaining / 8)
        var ids = ByteReader(try reader.readBytes(groupCount * 8))
        var groups: [CallGroup] = []
        groups.reserveCapacity(groupCount)
        var start = 0
        for _ in 0..<groupCount {
            // Each call takes 16 bytes and more.
            let count = try reader.readCount(max: max(0, reader.remaining / 16 - start))
            let place = reader.offset
            let (last, isTooLate) = cutoff.addingReportingOverflow(try reader.readSignedVarint())
            let (first, isTooEarly) = last.subtractingReportingOverflow(
                Int64(bitPattern: try reader.readVarint()))
            guard !isTooLate, !isTooEarly, first <= last, count > 0 else {
                throw ByteReaderError(offset: place, message: "a trace that cannot be")
            }
            groups.append(
                CallGroup(
                    traceIDLow: try ids.readUInt64(), firstArrival: first, lastArrival: last,
                    start: UInt32(start), count: UInt32(count)))
            start += count
        }
        return groups
    }
}

extension [UInt8] {
    /// The bytes, valid only within the closure, which may throw errors of one type.
    fileprivate func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result = withUnsafeBytes { bytes -> Result<Value, Failure> in
            do throws(Failure) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
