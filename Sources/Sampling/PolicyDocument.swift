/// What a document says of sampling: Sources/Sampling/sampling.md.
public struct PolicyDocument: Sendable {
    public var head: HeadPolicy
    /// nil: every trace stays.
    public var tail: TailPolicy?
    /// By age; empty: everything stays.
    public var ageing: [StagePolicy]

    /// Everything is kept.
    public init() {
        head = .keepingEverything
        tail = nil
        ageing = []
    }

    /// - Parameter node: what stands behind the key `sampling`, or a map that has this key alone.
    /// - Throws: everything that is wrong with the document.
    public static func parse(_ node: PolicyNode) throws(PolicyError) -> PolicyDocument {
        var node = node
        if case .map(let entries, _) = node, entries.count == 1, entries[0].key == "sampling" {
            node = entries[0].value
        }
        var reader = PolicyReader()
        var document = PolicyDocument()
        if case .nothing = node { return document }
        if let entries = reader.map(
            node, "sampling", expecting: "the keys 'percent', 'head', 'tail' and 'ageing', or some of them")
        {
            let values = reader.values(entries, of: "the sampling", keys: ["percent", "head", "tail", "ageing"])
            document.head = reader.head(percent: values["percent"], values["head"])
            document.tail = values["tail"].flatMap { reader.tail($0) }
            document.ageing = values["ageing"].map { reader.ageing($0) } ?? []
        }
        guard reader.problems.isEmpty else { throw PolicyError(reader.problems) }
        return document
    }
}
