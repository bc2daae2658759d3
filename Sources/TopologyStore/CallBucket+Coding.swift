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

    /// At least `CallBucket.gapMax` zeros and a place for a count.
    private static let gap = SIMD8<UInt16>(repeating: 0)
    /// Number of the bin of no duration.
    static let zeroNumber: Int64 = -10_000

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func readEntries() throws(ByteReaderError) -> CallBucket.Parts {
        var parts = CallBucket.Parts()
        let count = try readCount(max: bytes.count)
        parts.reserve(count)
        // Of each bin, which takes two bytes at least: the room of a gap and a count, or of a run.
        let room = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: bytes.count / 2 * Self.gap.scalarCount + 16)
        defer { room.deallocate() }
        var used = 0
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
            try readSketch(room, &used, into: &parts)
            try readSketch(room, &used, into: &parts)
            for _ in 0..<(try readCount(max: CallBucket.exampleCountMax)) {
                let traceID = TraceID(high: try readUInt64(), low: try readUInt64())
                parts.examples.append(CallBucket.Example(id: UInt32(id), traceID: traceID))
            }
        }
        guard place == bytes.count else {
            throw ByteReaderError(offset: place, message: "bytes behind the last series")
        }
        parts.words = [UInt16](room[..<used])
        return parts
    }

    /// Reads a sketch as `DurationSketch` encodes it.
    private mutating func readSketch(
        _ words: UnsafeMutableBufferPointer<UInt16>, _ used: inout Int, into parts: inout CallBucket.Parts
    ) throws(ByteReaderError) {
        let start = place
        guard let base = words.baseAddress else { return }
        let binCount = try readCount(max: CallBucket.placeEnd)
        var number: Int64 = 0
        var total = 0
        var header = -1
        /// The place behind the last count of the run.
        var next = 0
        var low = UInt32.max
        var high: UInt32 = 0
        for _ in 0..<binCount {
            let (distance, count) = try readBin()
            number &+= distance
            total &+= count
            let binPlace = Self.place(of: number)
            guard binPlace >= next, binPlace < CallBucket.placeEnd, count > 0, count <= CallBucket.countMax
            else { throw ByteReaderError(offset: start, message: "a bin of durations that cannot be") }
            if binPlace > 0 {
                low = min(low, UInt32(binPlace))
                high = UInt32(binPlace)
            }
            if header >= 0, binPlace - next <= CallBucket.gapMax, count <= Int(UInt16.max) {
                words[header] += UInt16(binPlace - next + 1)
                // As many zeros as there can be, however few there are: that takes no loop.
                UnsafeMutableRawPointer(base + used).storeBytes(of: Self.gap, as: SIMD8<UInt16>.self)
                used += binPlace - next
                words[used] = UInt16(truncatingIfNeeded: count)
                used += 1
            } else {
                words[used] = UInt16(binPlace)
                let isWide = count > Int(UInt16.max)
                header = binPlace == 0 || isWide ? -1 : used + 1
                words[used + 1] = isWide ? CallBucket.isWide | 1 : 1
                used += 2
                for shift in 0..<(isWide ? 4 : 1) {
                    words[used] = UInt16(truncatingIfNeeded: count >> (16 * shift))
                    used += 1
                }
            }
            next = binPlace + 1
        }
        guard total <= CallBucket.countMax else {
            throw ByteReaderError(offset: start, message: "more durations than there can be")
        }
        parts.sums.append(binCount > 0 ? Varint.unzigzag(try readVarint()) : 0)
        parts.ends.append(UInt32(used))
        parts.bounds.append(high == 0 ? CallBucket.noBounds : low << 16 | high)
    }

    /// The distance of a bin from the one before, and its count.
    @inline(__always)
    private mutating func readBin() throws(ByteReaderError) -> (Int64, Int) {
        if place + 2 <= bytes.count, (bytes[place] | bytes[place + 1]) < 0x80 {
            place += 2
            return (Varint.unzigzag(UInt64(bytes[place - 2])), Int(bytes[place - 1]))
        }
        return (Varint.unzigzag(try readVarint()), Int(clamping: try readVarint()))
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
    private mutating func write(_ bucket: CallBucket, sketch index: Int) {
        let first = index == 0 ? 0 : Int(bucket.ends[index - 1])
        let end = Int(bucket.ends[index])
        reserve(2 * Varint.byteCountMax * (end - first + 2))
        bucket.words.withUnsafeBufferPointer { words in
            var binCount = 0
            Self.forEachBin(words, first, end) { _, _ in binCount += 1 }
            write(UInt64(binCount))
            var last: Int64 = 0
            var used = count
            Self.forEachBin(words, first, end) { place, count in
                let number = place == 0 ? CallBucketReader.zeroNumber : Int64(place - CallBucket.binOffset)
                let distance = Varint.zigzag(number - last)
                last = number
                if (distance | count) < 0x80 {
                    room[used] = UInt8(truncatingIfNeeded: distance)
                    room[used + 1] = UInt8(truncatingIfNeeded: count)
                    used += 2
                } else {
                    self.count = used
                    write(distance)
                    write(count)
                    used = self.count
                }
            }
            count = used
            if binCount > 0 { write(Varint.zigzag(bucket.sums[index])) }
        }
    }

    @inline(__always)
    private static func forEachBin(
        _ words: UnsafeBufferPointer<UInt16>, _ first: Int, _ end: Int, _ body: (Int, UInt64) -> Void
    ) {
        var word = first
        while word < end {
            let run = CallBucketRun(words, word)
            for index in 0..<run.count {
                let count = run.count(index)
                if count > 0 { body(run.place + index, UInt64(count)) }
            }
            word = run.end
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
