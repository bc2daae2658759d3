internal import Topology

/// Writes a topology as JSON. Graphs have thousands of edges, so that no object or text is made for each figure.
struct GraphJSONWriter: ~Copyable {
    private let graph: TopologyGraph
    private let seconds: Double
    private var writer: TextBytes
    /// The nodes' IDs as JSON, one behind the other, and their ends.
    private var ids = TextBytes(capacity: 1 << 12)
    private var idEnds = [0]
    private var rates = NumberTexts()
    private var shares = NumberTexts()

    init(_ graph: TopologyGraph) {
        self.graph = graph
        seconds = graph.seconds
        writer = TextBytes(capacity: 512 + 400 * (graph.nodes.count + graph.edges.count))
        for node in graph.nodes {
            ids.write(json: node.id)
            idEnds.append(ids.count)
        }
    }

    mutating func document() -> [UInt8] {
        writer.write("{\"window\":")
        writer.write(text: GraphJSON.window(graph.window))
        writer.write(",\"group\":\"")
        writer.write(text: graph.grouping.rawValue)
        writer.write("\",\"nodes\":[")
        for place in graph.nodes.indices {
            if place > 0 { writer.write(UInt8(ascii: ",")) }
            write(graph.nodes[place], place)
        }
        writer.write("],\"edges\":[")
        var isFirst = true
        for edge in graph.edges where graph.isSound(edge) {
            if !isFirst { writer.write(UInt8(ascii: ",")) }
            isFirst = false
            write(edge)
        }
        writer.write("],\"notes\":[")
        for (place, note) in graph.notes.enumerated() {
            if place > 0 { writer.write(UInt8(ascii: ",")) }
            writer.write(json: note)
        }
        writer.write("]}\n")
        return writer.bytes()
    }

    private mutating func write(_ node: TopologyGraph.Node, _ place: Int) {
        writer.write("{\"id\":")
        writeID(place)
        writer.write(",\"service\":")
        writer.write(json: node.serviceName)
        if !node.namespace.isEmpty {
            writer.write(",\"namespace\":")
            writer.write(json: node.namespace)
        }
        if !node.version.isEmpty {
            writer.write(",\"version\":")
            writer.write(json: node.version)
        }
        if !node.operationName.isEmpty {
            writer.write(",\"operation\":")
            writer.write(json: node.operationName)
        }
        writer.write(
            node.isReporting ? ",\"isReporting\":true,\"callCount\":" : ",\"isReporting\":false,\"callCount\":")
        writer.write(decimal: node.callCount)
        writer.write(",\"errorCount\":")
        writer.write(decimal: node.errorCount)
        writer.write(",\"mirroredCallCount\":")
        writer.write(decimal: node.mirroredCallCount)
        writer.write(",\"mirroredErrorCount\":")
        writer.write(decimal: node.mirroredErrorCount)
        writeShares(node.callCount, node.errorShare)
        write(node.durations, ",\"durations\":{\"p50\":")
        writer.write(UInt8(ascii: "}"))
    }

    private mutating func write(_ edge: TopologyGraph.Edge) {
        writer.write("{\"from\":")
        writeID(edge.from)
        writer.write(",\"to\":")
        writeID(edge.to)
        writer.write(",\"kind\":\"")
        writer.write(text: edge.kind.word)
        writer.write("\",\"callCount\":")
        writer.write(decimal: edge.callCount)
        writer.write(",\"errorCount\":")
        writer.write(decimal: edge.errorCount)
        writeShares(edge.callCount, edge.errorShare)
        writer.write(",\"requestShare\":")
        shares.write(edge.requestShare.isFinite ? edge.requestShare : 0, to: &writer)
        write(edge.client, ",\"client\":{\"p50\":")
        write(edge.server, ",\"server\":{\"p50\":")
        writer.write(UInt8(ascii: "}"))
    }

    private mutating func writeShares(_ callCount: Int, _ errorShare: Double) {
        writer.write(",\"rate\":")
        rates.write(Double(callCount) / seconds, to: &writer)
        writer.write(",\"errorShare\":")
        shares.write(errorShare, to: &writer)
    }

    /// - Parameter key: up to the value of the median.
    private mutating func write(_ durations: TopologyGraph.Durations?, _ key: StaticString) {
        guard let durations else { return }
        writer.write(key)
        writer.write(decimal: Int(durations.p50))
        writer.write(",\"p95\":")
        writer.write(decimal: Int(durations.p95))
        writer.write(",\"p99\":")
        writer.write(decimal: Int(durations.p99))
        writer.write(UInt8(ascii: "}"))
    }

    private mutating func writeID(_ place: Int) {
        ids.withBytes(idEnds[place]..<idEnds[place + 1]) { writer.write($0) }
    }
}

/// The texts of numbers that came lately: many edges have the same figures.
private struct NumberTexts {
    private var entries = [Entry](repeating: Entry(), count: 512)

    private struct Entry {
        var number = 0.0
        /// Where it stands in what was written.
        var text = 0..<0
    }

    mutating func write(_ number: Double, to writer: inout TextBytes) {
        // A multiple of a prime, the highest bits: near numbers differ in their low ones.
        let slot = Int(truncatingIfNeeded: (number.bitPattern &* 0x9E37_79B9_7F4A_7C15) >> 55)
        let entry = entries[slot]
        if entry.number == number, !entry.text.isEmpty {
            writer.write(again: entry.text)
            return
        }
        let start = writer.count
        writer.write(text: "\(number)")
        entries[slot] = Entry(number: number, text: start..<writer.count)
    }
}
