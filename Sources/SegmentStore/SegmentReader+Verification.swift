internal import TraceModel

extension SegmentReader {
    /// Reads everything and holds it against its checksums and counts.
    /// - Returns: what is wrong, a line each; empty if nothing is.
    public func verify() -> [String] {
        var problems: [String] = []
        func check(_ body: () throws(SegmentError) -> Void) {
            do throws(SegmentError) { try body() } catch { problems.append(error.message) }
        }
        check { () throws(SegmentError) in _ = try names() }
        check { () throws(SegmentError) in _ = try origin() }
        check { () throws(SegmentError) in try checkDirectories() }
        do throws(SegmentError) {
            for block in 0..<(try blockCount()) {
                check { () throws(SegmentError) in
                    var builder = SpanBatchBuilder()
                    try readBlock(block, into: &builder)
                    try checkUnreadSections(ofBlock: block)
                }
            }
        } catch {
            problems.append(error.message)
        }
        return problems
    }
}
