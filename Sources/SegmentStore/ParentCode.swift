internal import Bytes

/// How a span's parent is kept in a block's spine.
enum ParentCode {
    static let root: UInt32 = 0
    /// A root whose ID is the low half of the trace's, as proxies make them.
    static let rootWithTraceID: UInt32 = 1
    /// The parent is in no span of the trace in this block: its ID is kept as it is.
    static let elsewhere: UInt32 = 2
    /// From here on the distance, zigzag: spans between the parent and the child in the order of the trace.
    static let firstDistance: UInt32 = 3

    /// How many spans before the child the parent stands; negative if behind.
    @inline(__always)
    static func distance(_ code: UInt32) -> Int { Int(Varint.unzigzag(UInt64(code - firstDistance))) }
}
