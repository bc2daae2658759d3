internal import Bytes
internal import Compression
internal import TraceModel

/// Why a stored bucket cannot be read.
struct CallBucketDamage: Error, CustomStringConvertible {
    let description: String
}

/// Buckets as rows of the catalog hold them. Layout: storage/topology-format.md.
extension CallBucket {
    static let version: UInt8 = 1
    static let headerByteCount = 10
    static let isPacked: UInt8 = 1
    static let exampleCountMax = 3
    /// LZ4 makes no more of a byte.
    private static let expansionMax = 255

    func encoded() -> [UInt8] {
        var writer = CallBucketWriter()
        writer.write(self)
        return writer.withBytes { entries in
            let packed = entries.count <= LZ4.byteCountMax ? LZ4.pack(entries, level: .fast) : []
            let isPacked = !packed.isEmpty && packed.count < entries.count
            var result = ByteWriter(capacity: Self.headerByteCount + (isPacked ? packed.count : entries.count))
            result.write(Self.version)
            result.write(isPacked ? Self.isPacked : 0)
            result.write(UInt32(entries.count))
            var checksum = CRC32C.checksum(result.bytes)
            checksum =
                isPacked ? CRC32C.checksum(packed, seed: checksum) : CRC32C.checksum(entries, seed: checksum)
            result.write(checksum)
            if isPacked { result.write(packed) } else { result.write(entries) }
            return result.bytes
        }
    }

    convenience init(decoding content: [UInt8]) throws(CallBucketDamage) {
        let result = content.withUnsafeBytes { bytes -> Result<Parts, CallBucketDamage> in
            do throws(CallBucketDamage) {
                return .success(try Self.decode(bytes))
            } catch {
                return .failure(error)
            }
        }
        self.init(try result.get())
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) throws(CallBucketDamage) -> Parts {
        guard bytes.count > headerByteCount else {
            throw CallBucketDamage(description: "it has \(bytes.count) bytes, fewer than its header")
        }
        guard bytes[0] == version else {
            throw CallBucketDamage(description: "its version is \(bytes[0]), only \(version) is known")
        }
        let stored = UnsafeRawBufferPointer(rebasing: bytes[headerByteCount...])
        let size = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self)))
        let expected = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 6, as: UInt32.self))
        let header = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<6]))
        guard CRC32C.checksum(stored, seed: header) == expected else {
            throw CallBucketDamage(description: "its checksum does not match")
        }
        guard bytes[1] & isPacked != 0 else {
            guard size == stored.count else { throw CallBucketDamage(description: "its size does not match") }
            return try decode(entries: stored)
        }
        guard size <= LZ4.byteCountMax, size / expansionMax <= stored.count else {
            throw CallBucketDamage(description: "its size does not match")
        }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        defer { room.deallocate() }
        guard LZ4.unpack(stored, into: room) else { throw CallBucketDamage(description: "it cannot be unpacked") }
        return try decode(entries: UnsafeRawBufferPointer(room))
    }

    private static func decode(entries: UnsafeRawBufferPointer) throws(CallBucketDamage) -> Parts {
        do {
            var reader = CallBucketReader(entries)
            return try reader.readEntries()
        } catch {
            throw CallBucketDamage(description: "\(error)")
        }
    }
}

/// A cursor over the entries of a bucket. Only as long as the bytes.
struct CallBucketReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    /// So many bins without a duration are stored as counts of 0 rather than begin a new run.
    private static let gapMax = 3
    private static let countWithinWord = Int(UInt32.max)
    /// Number of the bin of no duration.
    static let zeroNumber: Int64 = -10_000

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func readEntries() throws(ByteReaderError) -> CallBucket.Parts {
        var parts = CallBucket.Parts()
        let count = try readCount(max: bytes.count)
        parts.reserve(count)
        parts.words.reserveCapacity(bytes.count / 2)
        var id = 0
        for _ in 0..<count {
            let start = place
            id += try readCount(max: Int(CallBucket.idEnd))
            guard id < CallBucket.idEnd, parts.ids.last.map({ $0 < id }) ?? (id > 0) else {
                throw ByteReaderError(offset: start, message: "series out of order")
            }
            parts.ids.append(UInt32(id))
            parts.callCounts.append(try readCount(max: CallBucket.countMax))
            parts.errorCounts.append(try readCount(max: CallBucket.countMax))
            try readSketch(into: &parts)
            try readSketch(into: &parts)
            for _ in 0..<(try readCount(max: CallBucket.exampleCountMax)) {
                let traceID = TraceID(high: try readUInt64(), low: try readUInt64())
                parts.examples.append(CallBucket.Example(id: UInt32(id), traceID: traceID))
            }
        }
        guard place == bytes.count else {
            throw ByteReaderError(offset: place, message: "bytes behind the last series")
        }
        return parts
    }

    /// Reads a sketch as `DurationSketch` encodes it.
    mutating func readSketch(into parts: inout CallBucket.Parts) throws(ByteReaderError) {
        let binCount = try readCount(max: CallBucket.placeEnd)
        var number: Int64 = 0
        var total = 0
        var header = -1
        /// The place behind the last count of the run.
        var next = 0
        var low = UInt32.max
        var high: UInt32 = 0
        for _ in 0..<binCount {
            let start = place
            number &+= Varint.unzigzag(try readVarint())
            let count = try readCount(max: CallBucket.countMax)
            total += count
            let binPlace = Self.place(of: number)
            guard binPlace >= next, binPlace < CallBucket.placeEnd, count > 0, total <= CallBucket.countMax
            else { throw ByteReaderError(offset: start, message: "a bin of durations that cannot be") }
            if binPlace > 0 {
                low = min(low, UInt32(binPlace))
                high = UInt32(binPlace)
            }
            if count > Self.countWithinWord {
                parts.words.append(UInt32(binPlace) << 16 | 0x8001)
                parts.words.append(UInt32(truncatingIfNeeded: count))
                parts.words.append(UInt32(truncatingIfNeeded: count >> 32))
                header = -1
            } else if header >= 0, binPlace - next <= Self.gapMax {
                parts.words[header] += UInt32(binPlace - next + 1)
                for _ in next..<binPlace { parts.words.append(0) }
                parts.words.append(UInt32(count))
            } else {
                header = binPlace == 0 ? -1 : parts.words.count
                parts.words.append(UInt32(binPlace) << 16 | 1)
                parts.words.append(UInt32(count))
            }
            next = binPlace + 1
        }
        parts.sums.append(binCount > 0 ? Varint.unzigzag(try readVarint()) : 0)
        parts.ends.append(UInt32(parts.words.count))
        parts.bounds.append(high == 0 ? CallBucket.noBounds : low << 16 | high)
    }

    /// `placeEnd` of a number that there is none of.
    private static func place(of number: Int64) -> Int {
        if number == zeroNumber { return 0 }
        guard number > -CallBucket.binOffset, number < CallBucket.binOffset else { return CallBucket.placeEnd }
        return Int(number) + CallBucket.binOffset
    }

    private mutating func readCount(max: Int) throws(ByteReaderError) -> Int {
        let start = place
        let value = try readVarint()
        guard value <= UInt64(max) else {
            throw ByteReaderError(offset: start, message: "count \(value) is over the limit of \(max)")
        }
        return Int(value)
    }

    @inline(__always)
    private mutating func readVarint() throws(ByteReaderError) -> UInt64 {
        if place < bytes.count, bytes[place] < 0x80 {
            place += 1
            return UInt64(bytes[place - 1])
        }
        return try readLongVarint()
    }

    @inline(never)
    private mutating func readLongVarint() throws(ByteReaderError) -> UInt64 {
        var reader = ByteReader(bytes, from: place)
        let value = try reader.readVarint()
        place = reader.offset
        return value
    }

    private mutating func readUInt64() throws(ByteReaderError) -> UInt64 {
        var reader = ByteReader(bytes, from: place)
        let value = try reader.readUInt64()
        place = reader.offset
        return value
    }
}

/// Entries of a bucket as bytes, in memory that grows.
struct CallBucketWriter: ~Copyable {
    private var room: UnsafeMutableRawBufferPointer
    private var count = 0

    init() { room = .allocate(byteCount: 1 << 12, alignment: 8) }
    deinit { room.deallocate() }

    mutating func removeAll() { count = 0 }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    mutating func write(_ bucket: CallBucket) {
        reserve(Varint.byteCountMax)
        write(UInt64(bucket.count))
        var last: UInt32 = 0
        var example = 0
        for index in bucket.ids.indices {
            let id = bucket.ids[index]
            reserve(3 * Varint.byteCountMax)
            write(UInt64(id - last))
            write(UInt64(bucket.callCounts[index]))
            write(UInt64(bucket.errorCounts[index]))
            write(bucket, sketch: 2 * index)
            write(bucket, sketch: 2 * index + 1)
            let first = example
            while example < bucket.examples.count, bucket.examples[example].id == id { example += 1 }
            reserve(Varint.byteCountMax + 16 * (example - first))
            write(UInt64(example - first))
            for found in bucket.examples[first..<example] {
                writeInteger(found.traceID.high)
                writeInteger(found.traceID.low)
            }
            last = id
        }
    }

    /// Writes a sketch as `DurationSketch` encodes it.
    mutating func write(_ bucket: CallBucket, sketch index: Int) {
        let first = index == 0 ? 0 : Int(bucket.ends[index - 1])
        let end = Int(bucket.ends[index])
        reserve(2 * Varint.byteCountMax * (end - first + 2))
        bucket.words.withUnsafeBufferPointer { words in
            var binCount = 0
            Self.forEachBin(words, first, end) { _, _ in binCount += 1 }
            write(UInt64(binCount))
            var last: Int64 = 0
            Self.forEachBin(words, first, end) { place, count in
                let number = place == 0 ? CallBucketReader.zeroNumber : Int64(place - CallBucket.binOffset)
                write(Varint.zigzag(number - last))
                write(count)
                last = number
            }
            if binCount > 0 { write(Varint.zigzag(bucket.sums[index])) }
        }
    }

    @inline(__always)
    private static func forEachBin(
        _ words: UnsafeBufferPointer<UInt32>, _ first: Int, _ end: Int, _ body: (Int, UInt64) -> Void
    ) {
        var word = first
        while word < end {
            let header = words[word]
            let place = Int(header >> 16)
            let count = Int(header & 0x3fff)
            word += 1
            if header & 0x8000 == 0 {
                for index in 0..<count where words[word + index] > 0 {
                    body(place + index, UInt64(words[word + index]))
                }
                word += count
            } else {
                for index in 0..<count {
                    let value = UInt64(words[word + 2 * index]) | UInt64(words[word + 2 * index + 1]) << 32
                    if value > 0 { body(place + index, value) }
                }
                word += 2 * count
            }
        }
    }

    private mutating func reserve(_ byteCount: Int) {
        guard room.count - count < byteCount else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(room.count * 2, count + byteCount), alignment: 8)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[..<count]))
        room.deallocate()
        room = larger
    }

    @inline(__always)
    private mutating func write(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            room[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        room[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
    }

    private mutating func writeInteger(_ value: UInt64) {
        room.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
        count += 8
    }
}
