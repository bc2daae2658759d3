extension SegmentReader {
    /// How many spans each block has.
    public func blockSpanCounts() throws(SegmentError) -> [Int] { try blockDirectory().blocks.map(\.spanCount) }
}
