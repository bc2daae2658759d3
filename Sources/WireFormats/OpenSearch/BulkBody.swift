internal import Bytes
internal import TraceModel

/// Documents as the body of a bulk request: for each one a line that says where it goes, and a line that is it.
///
/// A document goes to its ID whether there is one already or not, so that sending it again changes nothing.
public struct BulkBody: Sendable {
    private var lease: BulkLease
    private let memory: BulkMemory?

    /// - Parameter memory: where the body's memory comes from, and goes when no copy of the body is left.
    public init(_ memory: BulkMemory? = nil) {
        self.memory = memory
        lease = BulkLease(memory)
    }

    private var storage: BulkStorage { lease.storage }

    /// The storage, which no other body refers to.
    private mutating func ownStorage() -> BulkStorage {
        if !isKnownUniquelyReferenced(&lease) { lease = BulkLease(copying: lease.storage) }
        return lease.storage
    }

    /// A copy of the lines. Documents that encoders made from spans must have got their IDs: see `finish`.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// The lines, valid only within the closure. Documents must have got their IDs.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withExtendedLifetime(lease) { () throws(Failure) in try body(content) }
    }

    /// The lines, which stay where they are as long as this body or a copy of it lives unchanged.
    public var content: UnsafeRawBufferPointer {
        precondition(storage.isFinished, "a body is finished before it is read")
        return storage.text.bytes
    }

    public var byteCount: Int { storage.text.count }
    public var documentCount: Int { storage.starts.count }
    public var isEmpty: Bool { documentCount == 0 }

    /// Forgets the documents, and keeps their room.
    public mutating func removeAll() {
        if isKnownUniquelyReferenced(&lease) { lease.storage.removeAll() } else { lease = BulkLease(memory) }
    }

    /// Where in `bytes` the two lines of a document are, with the ends of the lines.
    public func lines(ofDocument number: Int) -> Range<Int> {
        let end = number + 1 < documentCount ? storage.starts[number + 1] : byteCount
        return storage.starts[number]..<end
    }

    /// Where in `bytes` a document itself is, without the end of its line.
    public func source(ofDocument number: Int) -> Range<Int> {
        storage.sources[number]..<lines(ofDocument: number).upperBound - 1
    }

    /// Adds documents of a finished body, in the order given.
    public mutating func append(documents: [Int], of other: BulkBody) {
        let storage = ownStorage()
        other.withBytes { bytes in
            for number in documents {
                let lines = other.lines(ofDocument: number)
                let head = other.source(ofDocument: number).lowerBound - lines.lowerBound
                storage.append(UnsafeRawBufferPointer(rebasing: bytes[lines]), sourceAt: head)
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
        action.write("}}")
        action.bytes.withUnsafeBytes { ownStorage().append(action: $0, source: source) }
    }

    /// Adds one document in hand: what to do with it, and its source, each an object of JSON in one line.
    package mutating func append(action: [UInt8], source: [UInt8]) {
        let storage = ownStorage()
        action.withUnsafeBytes { action in source.withUnsafeBytes { storage.append(action: action, source: $0) } }
    }

    /// Adds one document whose ID ends with the hash of its bytes, which is there once the body is finished.
    /// - Parameters:
    ///   - action: the first line up to the hash.
    ///   - write: writes the document, and returns what of it is hashed.
    @inline(__always)
    mutating func append(action: UnsafeRawBufferPointer, write: (inout DocumentWriter) -> HashedPart) {
        ownStorage().append(action: action, write: write)
    }

    /// Gives every document its ID. To be called before `bytes` are read, and again when documents were added since.
    public mutating func finish() {
        if !storage.isFinished { ownStorage().finish() }
    }
}

/// What of a document its ID is made of.
struct HashedPart {
    /// From its first byte on.
    var byteCount: Int
    /// Nil if it is not known yet.
    var hash: UInt64?
}

/// What a body has in memory.
final class BulkStorage: @unchecked Sendable {
    // Unchecked: changed only by a body that alone refers to it.
    fileprivate(set) var text: DocumentWriter
    /// Where the lines of each document begin, and its second one.
    fileprivate(set) var starts = ColumnBuffer<Int>(capacity: 16)
    fileprivate(set) var sources = ColumnBuffer<Int>(capacity: 16)
    /// Documents whose IDs end with a hash that is not there yet.
    private var hashes = DocumentHashes()

    private static let lineEnd = UInt8(ascii: "\n")
    /// What stands between an ID and the document, with the room for a hash at the ID's end.
    private static let actionEnd: StaticString = "0000000000000000\"}}\n"

    init(byteCount: Int = 4096) { text = DocumentWriter(capacity: byteCount) }

    init(copying other: BulkStorage) {
        text = DocumentWriter(capacity: other.text.count)
        text.write(other.text.bytes)
        starts.append(contentsOf: other.starts.elements)
        sources.append(contentsOf: other.sources.elements)
        hashes = other.hashes
    }

    var isFinished: Bool { hashes.isEmpty }

    func removeAll() {
        text.removeAll(keepingCapacityUpTo: .max)
        starts.removeAll()
        sources.removeAll()
        hashes.removeAll()
    }

    fileprivate func append(_ lines: UnsafeRawBufferPointer, sourceAt head: Int) {
        starts.append(text.count)
        sources.append(text.count + head)
        text.write(lines)
    }

    fileprivate func append(action: UnsafeRawBufferPointer, source: UnsafeRawBufferPointer) {
        starts.append(text.count)
        text.write(action)
        text.write(Self.lineEnd)
        sources.append(text.count)
        text.write(source)
        text.write(Self.lineEnd)
    }

    @inline(__always)
    fileprivate func append(action: UnsafeRawBufferPointer, write: (inout DocumentWriter) -> HashedPart) {
        starts.append(text.count)
        text.write(action)
        text.write(Self.actionEnd)
        let first = text.count
        sources.append(first)
        let part = write(&text)
        text.write(Self.lineEnd)
        if let hash = part.hash { return Self.write(hash, before: first, in: text.mutableBytes) }
        hashes.add(first..<first + part.byteCount)
        if hashes.isWorthwhile { hash(isLast: false) }
    }

    fileprivate func finish() { hash(isLast: true) }

    private func hash(isLast: Bool) {
        let text = text.mutableBytes
        hashes.run(UnsafeRawBufferPointer(text), isLast: isLast) { Self.write($1, before: $0, in: text) }
    }

    /// Ends the line before a document. A hash of fewer digits leaves blanks behind it.
    private static func write(_ hash: UInt64, before first: Int, in text: UnsafeMutableRawBufferPointer) {
        let room = UnsafeMutableRawBufferPointer(rebasing: text[first - actionEnd.utf8CodeUnitCount..<first])
        // 0 has one digit too.
        let digitCount = max(16 - hash.leadingZeroBitCount / 4, 1)
        for place in 0..<digitCount {
            room[place] = Hex.digit(UInt8(truncatingIfNeeded: hash >> UInt64(4 * (digitCount - 1 - place))) & 15)
        }
        for (place, byte) in "\"}}".utf8.enumerated() { room[digitCount + place] = byte }
        for place in digitCount + 3..<room.count - 1 { room[place] = UInt8(ascii: " ") }
    }
}
