internal import Bytes

/// Documents as the body of a bulk request: for each a line that says what to do with it, and a line of its source.
public struct BulkBody: Sendable {
    /// What encoders append the two lines of a document to; then they call `endDocument`.
    var writer = ByteWriter()
    /// Where each document's lines end.
    private var ends: [Int] = []

    public init() {}

    /// The lines of all documents, each with its line feed.
    public var bytes: [UInt8] { writer.bytes }

    public var byteCount: Int { writer.count }

    public var documentCount: Int { ends.count }

    /// Keeps the memory for the documents to come.
    public mutating func removeAll() {
        writer.removeAll()
        ends.removeAll(keepingCapacity: true)
    }

    /// The bytes of a document's two lines, each with its line feed.
    public func lines(ofDocument document: Int) -> Range<Int> {
        (document == 0 ? 0 : ends[document - 1])..<ends[document]
    }

    /// A document in hand: what to do with it, and its source, both as JSON of one line without its line feed.
    public mutating func append(action: some Collection<UInt8>, source: some Collection<UInt8>) {
        for line in [Array(action), Array(source)] {
            precondition(!line.contains(UInt8(ascii: "\n")), "a document has one line for each of its two parts")
            writer.write(line)
            writer.write(UInt8(ascii: "\n"))
        }
        endDocument()
    }

    /// Some documents of another body, given by their places there.
    public mutating func append(documents: [Int], of other: BulkBody) {
        other.writer.bytes.withUnsafeBytes { bytes in
            for document in documents {
                writer.write(UnsafeRawBufferPointer(rebasing: bytes[other.lines(ofDocument: document)]))
                endDocument()
            }
        }
    }

    /// What was written since the last document is one more.
    mutating func endDocument() {
        precondition(writer.count > (ends.last ?? 0), "a document has two lines")
        ends.append(writer.count)
    }
}
