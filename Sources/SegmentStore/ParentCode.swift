/// How a span's parent is kept in a block's spine.
enum ParentCode {
    static let root: UInt64 = 0
    /// A root whose ID is the low half of the trace's, as proxies make them.
    static let rootWithTraceID: UInt64 = 1
    /// The parent is in no span of the trace in this block: its ID is kept as it is.
    static let elsewhere: UInt64 = 2
    /// From here on the distance, zigzag: spans between the parent and the child in the order of the trace.
    static let firstDistance: UInt64 = 3
}
