internal import Bytes

/// A set of row IDs as ranges.
///
/// IDs are given out in order and most segments hold the same names, so that a set is mostly one range or a few.
/// Encoded: for each range its distance from the end of the one before (from 0 for the first) and its length less one,
/// both varints.
struct NameSet: Equatable {
    /// Ascending, without overlap, never adjacent.
    private(set) var ranges: [ClosedRange<Int64>] = []

    /// Far above any ID that is given out, far below what sums could overflow.
    private static let idMax = 1 << 60

    init() {}

    /// - Parameter ids: in any order, also repeated. One that SQLite cannot have given out is thrown as `.corrupt`.
    init(_ ids: [Int64]) throws(CatalogError) {
        for id in ids.sorted() {
            guard id > 0, id <= Self.idMax else {
                throw CatalogError(code: .corrupt, message: "catalog: a name has the impossible ID \(id)")
            }
            append(id...id)
        }
    }

    var isEmpty: Bool { ranges.isEmpty }

    /// Adds a range that starts no earlier than the last one.
    private mutating func append(_ range: ClosedRange<Int64>) {
        guard let last = ranges.last, range.lowerBound <= last.upperBound + 1 else { return ranges.append(range) }
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    }

    mutating func formUnion(_ other: NameSet) {
        let all = (ranges + other.ranges).sorted { $0.lowerBound < $1.lowerBound }
        ranges = []
        for range in all { append(range) }
    }

    mutating func subtract(_ other: NameSet) {
        var rest: [ClosedRange<Int64>] = []
        var next = 0
        for range in ranges {
            var first = range.lowerBound
            while next < other.ranges.count, other.ranges[next].upperBound < first { next += 1 }
            var index = next
            while index < other.ranges.count, other.ranges[index].lowerBound <= range.upperBound {
                let taken = other.ranges[index]
                if first < taken.lowerBound { rest.append(first...taken.lowerBound - 1) }
                first = taken.upperBound + 1
                index += 1
            }
            if first <= range.upperBound { rest.append(first...range.upperBound) }
        }
        ranges = rest
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        var end: Int64 = 0
        for range in ranges {
            writer.writeVarint(Int(range.lowerBound - end))
            writer.writeVarint(Int(range.upperBound - range.lowerBound))
            end = range.upperBound
        }
        return writer.bytes
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        var end = 0
        while !reader.isAtEnd {
            let offset = reader.offset
            let first = end + (try reader.readCount(max: Self.idMax))
            let last = first + (try reader.readCount(max: Self.idMax))
            guard first > (end == 0 ? 0 : end + 1), last <= Self.idMax else {
                throw ByteReaderError(offset: offset, message: "range of IDs out of order")
            }
            ranges.append(Int64(first)...Int64(last))
            end = last
        }
    }
}
