internal import Bytes
internal import TraceModel

/// Writes strings of a batch, which stand in many of its documents, and remembers what is to be escaped.
struct BatchStrings: ~Copyable {
    /// By string: one of those below.
    private var kinds = ColumnBuffer<UInt8>(capacity: 1024)

    private static let unknown: UInt8 = 0
    private static let plain: UInt8 = 1
    private static let escaped: UInt8 = 2
    private static let keptCapacity = 1 << 20

    mutating func begin(_ batch: SpanBatch) {
        kinds.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        kinds.append(repeating: Self.unknown, count: batch.stringCount)
    }

    /// In quotes.
    @inline(__always)
    mutating func write(_ number: UInt32, of batch: SpanBatch, to document: inout DocumentWriter) {
        let text = batch.string(number)
        var kind = kinds[Int(number)]
        if kind == Self.unknown {
            kind = DocumentWriter.isPlain(text) ? Self.plain : Self.escaped
            kinds[Int(number)] = kind
        }
        if kind == Self.escaped { document.writeString(text) } else { document.writePlainString(text) }
    }
}
