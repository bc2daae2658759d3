internal import Bytes
internal import Topology
internal import TraceModel

/// Calls that wait, trace by trace, in the bytes of a row of the catalog. Layout: storage/topology-format.md, "Waiting
/// calls". What a chunk has was checked when it was read, or written by this process.
struct WaitingChunk: Sendable {
    let content: [UInt8]
    /// For each of its sites the number in the names at hand.
    private(set) var sites: [UInt32]
    /// Times are told by their distance to it.
    let cutoff: Int64
    let recordCount: Int

    init(content: [UInt8], sites: [UInt32], cutoff: Int64, recordCount: Int) {
        self.content = content
        self.sites = sites
        self.cutoff = cutoff
        self.recordCount = recordCount
    }

    /// Memory in bytes.
    var byteCount: Int { content.count + sites.count * 4 }

    /// Appends the records of a trace that begin at an offset.
    func append(from start: Int, traceIDLow: UInt64, to records: inout [CallRecord]) {
        content.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes, from: start)
            do throws(ByteReaderError) {
                try WaitingCoding.read(&reader, traceIDLow: traceIDLow, cutoff: cutoff, sites, into: &records)
            } catch {
                preconditionFailure("what was checked can be read: \(error)")
            }
        }
    }

    /// The same with other numbers of sites.
    mutating func renumber(_ number: (UInt32) -> UInt32) {
        for place in sites.indices { sites[place] = number(sites[place]) }
    }
}

/// How the records of one trace are written in a row of waiting calls.
enum WaitingCoding {
    /// Parents are looked for among so many spans on either side.
    static let parentDistanceMax = 15
    static let coarseUnit: Int64 = 1000

    // What stands in the lowest bits of a record's first number; the rest of it tells the parent.
    static let hasHigh: UInt64 = 1
    static let hasAddress: UInt64 = 2
    static let parentShift: UInt64 = 2
    static let noParent: UInt64 = 0
    static let otherParent: UInt64 = 1
    static let firstNearParent: UInt64 = 2

    // MARK: Writing

    /// - Parameter number: gives each site its number in the row.
    static func write(
        _ records: UnsafeBufferPointer<CallRecord>, cutoff: Int64, into body: inout ByteBuffer,
        _ number: (UInt32) -> UInt32
    ) {
        let isCoarse = records.allSatisfy { $0.start % coarseUnit == 0 && $0.duration % coarseUnit == 0 }
        let unit = isCoarse ? coarseUnit : 1
        body.writeVarint(UInt64(records.count) << 1 | (isCoarse ? 1 : 0))
        for record in records { body.write(record.spanID) }
        var (high, start) = (UInt64(0), cutoff / unit)
        for place in records.indices {
            let record = records[place]
            let parent = parent(of: place, records)
            let hasHigh = record.traceIDHigh != high
            body.writeVarint(
                parent << parentShift | (record.address != 0 ? hasAddress : 0) | (hasHigh ? Self.hasHigh : 0))
            if hasHigh { body.write(record.traceIDHigh) }
            if parent == otherParent { body.write(record.parentID) }
            let (ownStart, duration) =
                isCoarse ? (record.start / coarseUnit, record.duration / coarseUnit) : (record.start, record.duration)
            body.writeVarint(Varint.zigzag(ownStart &- start))
            body.writeVarint(Varint.zigzag(duration))
            body.writeVarint(UInt64(number(record.site)))
            if record.address != 0 { body.writeVarint(UInt64(record.address)) }
            (high, start) = (record.traceIDHigh, ownStart)
        }
    }

    /// What tells the parent.
    private static func parent(of place: Int, _ records: UnsafeBufferPointer<CallRecord>) -> UInt64 {
        let parentID = records[place].parentID
        if parentID == 0 { return noParent }
        let last = min(records.count - 1, place + parentDistanceMax)
        for other in max(0, place - parentDistanceMax)...last where records[other].spanID == parentID {
            return Varint.zigzag(Int64(other - place)) + firstNearParent
        }
        return otherParent
    }

    // MARK: Reading

    /// Appends the records of a trace; what it is not sure of, it refuses.
    /// - Parameter sites: for each site of the row the number in the names at hand.
    static func read(
        _ reader: inout ByteReader, traceIDLow: UInt64, cutoff: Int64, _ sites: [UInt32],
        into records: inout [CallRecord]
    ) throws(ByteReaderError) {
        let count = try readCount(&reader)
        let ids = try reader.readBytes(count.records * 8)
        func spanID(_ place: Int) -> UInt64 {
            UInt64(littleEndian: ids.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self))
        }
        let unit = count.unit
        var (high, start) = (UInt64(0), cutoff / unit)
        for place in 0..<count.records {
            let first = try reader.readVarint()
            if first & hasHigh != 0 { high = try reader.readUInt64() }
            var parentID: UInt64 = 0
            switch first >> parentShift {
            case noParent: break
            case otherParent: parentID = try reader.readUInt64()
            case let near:
                let distance = Varint.unzigzag(near - firstNearParent)
                guard distance >= -Int64(place), distance < Int64(count.records - place) else {
                    throw ByteReaderError(offset: reader.offset, message: "a parent that is not there")
                }
                parentID = spanID(place + Int(distance))
            }
            start &+= Varint.unzigzag(try reader.readVarint())
            let duration = Varint.unzigzag(try reader.readVarint())
            let site = try reader.readVarint()
            guard site < sites.count else {
                throw ByteReaderError(offset: reader.offset, message: "a call of an unknown site")
            }
            let address = first & hasAddress != 0 ? try reader.readCount(max: Int(UInt32.max)) : 0
            records.append(
                CallRecord(
                    traceIDHigh: high, traceIDLow: traceIDLow, spanID: spanID(place), parentID: parentID,
                    start: start &* unit, duration: duration &* unit, site: sites[Int(site)],
                    address: UInt32(address)))
        }
    }

    private static func readCount(_ reader: inout ByteReader) throws(ByteReaderError) -> (records: Int, unit: Int64) {
        let place = reader.offset
        let number = try reader.readVarint()
        // Each takes twelve bytes and more.
        guard number > 1, number >> 1 <= UInt64(reader.remaining / 12) else {
            throw ByteReaderError(offset: place, message: "calls of a trace that cannot be so many")
        }
        return (Int(number >> 1), number & 1 == 0 ? 1 : coarseUnit)
    }
}
