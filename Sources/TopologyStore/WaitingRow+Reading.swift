internal import Bytes
internal import Topology
internal import TraceModel

extension WaitingRow {
    /// Reads a row; what it is not sure of, it refuses.
    ///
    /// - Parameter names: take in the sites of the row.
    init(_ content: [UInt8], cutoff: Int64, _ names: inout CallNames) throws(ByteReaderError) {
        let tables = try content.withBytes { bytes throws(ByteReaderError) in try Tables(bytes, cutoff, &names) }
        groups = tables.groups
        settled = tables.settled
        chunk = WaitingChunk(
            content: content, sites: tables.sites, cutoff: cutoff, recordCount: tables.recordCount)
    }

    /// What a row says beside its records.
    private struct Tables {
        var groups: [CallGroup] = []
        var sites: [UInt32] = []
        var settled: [UInt64] = []
        var recordCount = 0

        init(_ bytes: UnsafeRawBufferPointer, _ cutoff: Int64, _ names: inout CallNames) throws(ByteReaderError) {
            let end = try WaitingRow.checkedEnd(bytes)
            var reader = ByteReader(bytes, from: end)
            sites = try Self.readSites(&reader, &names)
            for _ in 0..<(try reader.readCount(max: reader.remaining / 8)) { settled.append(try reader.readUInt64()) }
            // Each takes 23 bytes and more.
            let groupCount = try reader.readCount(max: end / 23)
            guard reader.isAtEnd else {
                throw ByteReaderError(offset: reader.offset, message: "bytes behind the number of traces")
            }
            reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<end]), from: WaitingRow.headerByteCount)
            groups.reserveCapacity(groupCount)
            for _ in 0..<groupCount { try readGroup(&reader, cutoff) }
            guard reader.isAtEnd else {
                throw ByteReaderError(offset: reader.offset, message: "bytes behind the last call")
            }
        }

        private mutating func readGroup(_ reader: inout ByteReader, _ cutoff: Int64) throws(ByteReaderError) {
            let place = reader.offset
            let traceIDLow = try reader.readUInt64()
            let (last, isTooLate) = cutoff.addingReportingOverflow(try reader.readSignedVarint())
            let (first, isTooEarly) = last.subtractingReportingOverflow(Int64(bitPattern: try reader.readVarint()))
            guard !isTooLate, !isTooEarly, first <= last else {
                throw ByteReaderError(offset: place, message: "a trace that cannot be")
            }
            let start = reader.offset
            var records: [CallRecord] = []
            try WaitingCoding.read(&reader, traceIDLow: traceIDLow, cutoff: cutoff, sites, into: &records)
            recordCount += records.count
            groups.append(
                CallGroup(
                    traceIDLow: traceIDLow, firstArrival: first, lastArrival: last, start: UInt32(start),
                    count: UInt32(records.count)))
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
    }

    /// Where the traces of a whole row end.
    private static func checkedEnd(_ bytes: UnsafeRawBufferPointer) throws(ByteReaderError) -> Int {
        var reader = ByteReader(bytes)
        guard try reader.readUInt32() == magic else {
            throw ByteReaderError(offset: 0, message: "no row of waiting calls")
        }
        let checksum = try reader.readUInt32()
        let end = Int(try reader.readUInt32())
        guard CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[8...])) == checksum else {
            throw ByteReaderError(offset: 4, message: "the checksum does not match")
        }
        guard (headerByteCount...bytes.count).contains(end), bytes.count <= byteCountMax else {
            throw ByteReaderError(offset: 8, message: "the length cannot be")
        }
        return end
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
