internal import Bytes
internal import TraceModel

/// Documents as the body of a bulk request: for each one a line that says where it goes, and a line that is it.
///
/// A document goes to its ID whether there is one already or not, so that sending it again changes nothing.
public struct BulkBody: Sendable {
    private var written: [UInt8] = []
    /// Where the lines of each document begin, and its second one.
    private var starts: [Int] = []
    private var sources: [Int] = []
    /// Documents whose IDs end with a hash that is not there yet.
    private var unhashed: [Unhashed] = []

    private struct Unhashed: Sendable {
        let document: Int
        /// Bytes of the document that are hashed, from its first one on.
        let byteCount: Int
    }

    public init() {}

    /// The lines. Documents that encoders made from spans must have got their IDs: see `finish`.
    public var bytes: [UInt8] {
        precondition(unhashed.isEmpty, "a body is finished before it is read")
        return written
    }

    public var byteCount: Int { written.count }
    public var documentCount: Int { starts.count }
    public var isEmpty: Bool { starts.isEmpty }

    /// Forgets the documents, and keeps their room.
    public mutating func removeAll() {
        written.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        sources.removeAll(keepingCapacity: true)
        unhashed.removeAll(keepingCapacity: true)
    }

    /// Where in `bytes` the two lines of a document are, with the ends of the lines.
    public func lines(ofDocument number: Int) -> Range<Int> {
        precondition(starts.indices.contains(number), "a document of this body")
        return starts[number]..<end(ofDocument: number)
    }

    /// Where in `bytes` a document itself is, without the end of its line.
    public func source(ofDocument number: Int) -> Range<Int> {
        precondition(starts.indices.contains(number), "a document of this body")
        return sources[number]..<end(ofDocument: number) - 1
    }

    private func end(ofDocument number: Int) -> Int {
        number + 1 < starts.count ? starts[number + 1] : written.count
    }

    /// Adds documents of a finished body, in the order given.
    public mutating func append(documents: [Int], of other: BulkBody) {
        precondition(other.unhashed.isEmpty, "documents that have their IDs")
        other.written.withUnsafeBytes { bytes in
            for number in documents {
                let lines = other.lines(ofDocument: number)
                starts.append(written.count)
                sources.append(written.count + other.sources[number] - lines.lowerBound)
                written.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[lines]))
            }
        }
    }

    /// Adds one document.
    /// - Parameters:
    ///   - index: the name of an index or an alias.
    ///   - id: unique within the index.
    ///   - source: an object of JSON in one line.
    public mutating func append(index: String, id: String, source: UnsafeRawBufferPointer) {
        var action = ByteWriter()
        action.write("{\"index\":{\"_index\":")
        action.writeJSONString(index)
        action.write(",\"_id\":")
        action.writeJSONString(id)
        action.write("}}\n")
        starts.append(written.count)
        written.append(contentsOf: action.bytes)
        sources.append(written.count)
        written.append(contentsOf: source)
        written.append(Self.lineEnd)
    }

    /// Adds one document in hand: what to do with it, and its source, each an object of JSON in one line.
    package mutating func append(action: [UInt8], source: [UInt8]) {
        starts.append(written.count)
        written.append(contentsOf: action)
        written.append(Self.lineEnd)
        sources.append(written.count)
        written.append(contentsOf: source)
        written.append(Self.lineEnd)
    }

    // MARK: Documents of spans

    private static let lineEnd = UInt8(ascii: "\n")
    /// What stands between an ID and the document, with the room for a hash at the ID's end.
    private static let actionEnd: StaticString = "0000000000000000\"}}\n"

    /// Adds one document whose ID ends with the hash of its bytes, which `finish` puts there.
    /// - Parameters:
    ///   - action: the first line up to the hash.
    ///   - byteCount: bytes of the document that are hashed, from its first one on; nil for all.
    mutating func append(
        action: UnsafeRawBufferPointer, hashedSource source: UnsafeRawBufferPointer, byteCount: Int? = nil
    ) {
        unhashed.append(Unhashed(document: starts.count, byteCount: byteCount ?? source.count))
        starts.append(written.count)
        written.append(contentsOf: action)
        written.append(contentsOf: Self.actionEnd.rawBytes)
        sources.append(written.count)
        written.append(contentsOf: source)
        written.append(Self.lineEnd)
    }

    /// Gives every document its ID. To be called before `bytes` are read, and again when documents were added since.
    public mutating func finish() {
        guard !unhashed.isEmpty else { return }
        let pieces = unhashed.map { sources[$0.document]..<sources[$0.document] + $0.byteCount }
        unhashed.removeAll(keepingCapacity: true)
        var hashes = [UInt64](repeating: 0, count: pieces.count)
        written.withUnsafeBytes { bytes in
            FNV1a.hash(bytes, pieces: pieces) { hashes[$0] = $1 }
        }
        let room = Self.actionEnd.utf8CodeUnitCount
        written.withUnsafeMutableBytes { bytes in
            for (piece, hash) in zip(pieces, hashes) {
                Self.write(
                    hash, to: UnsafeMutableRawBufferPointer(rebasing: bytes[piece.lowerBound - room..<piece.lowerBound])
                )
            }
        }
    }

    /// Ends a first line. A hash of fewer digits leaves blanks behind it.
    private static func write(_ hash: UInt64, to room: UnsafeMutableRawBufferPointer) {
        // 0 has one digit too.
        let digitCount = max(16 - hash.leadingZeroBitCount / 4, 1)
        for place in 0..<digitCount {
            room[place] = Hex.digit(UInt8(truncatingIfNeeded: hash >> UInt64(4 * (digitCount - 1 - place))) & 15)
        }
        for (place, byte) in "\"}}".utf8.enumerated() { room[digitCount + place] = byte }
        for place in digitCount + 3..<room.count - 1 { room[place] = UInt8(ascii: " ") }
    }
}
