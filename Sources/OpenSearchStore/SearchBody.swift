internal import Bytes
internal import WireFormats

/// The body of a search, member by member.
struct SearchBody {
    private var writer = ByteWriter()

    /// - Parameter size: of hits.
    init(size: Int, filter: DocumentFilter) {
        writer.write(Array("{\"size\":\(size),\"query\":".utf8))
        filter.simplified.write(to: &writer)
        if size == 0 { add("\"track_total_hits\":false") }
    }

    /// Adds a member as JSON.
    mutating func add(_ member: String) {
        writer.write(",")
        writer.write(Array(member.utf8))
    }

    /// Goes on behind a hit.
    /// - Parameter values: of the hit by which hits are sorted, as JSON.
    mutating func add(searchAfter values: String) { add("\"search_after\":\(values)") }

    /// Adds an aggregation with a name, as JSON.
    mutating func add(aggregation name: String, _ text: String) { add("\"aggs\":{\"\(name)\":\(text)}") }

    /// - Parameter milliseconds: that the cluster has for it.
    func bytes(timeout milliseconds: Int) -> [UInt8] {
        var writer = writer
        writer.write(Array(",\"timeout\":\"\(milliseconds)ms\"}".utf8))
        return writer.bytes
    }
}

extension DocumentFilter {
    /// As JSON.
    var text: String {
        var writer = ByteWriter()
        simplified.write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// A text in quotes, as JSON has it.
func quoted(_ text: String) -> String {
    var writer = ByteWriter()
    writer.writeJSONString(text)
    return String(decoding: writer.bytes, as: UTF8.self)
}
