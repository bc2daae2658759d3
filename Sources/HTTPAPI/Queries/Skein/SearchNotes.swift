package import QueryLanguage
internal import Topology
internal import TraceModel
package import TraceStore

/// Why a search found nothing, as far as it can be told, in words.
package enum SearchNotes {
    private static let suggestionCountMax = 5
    private static let keyCountMax = 10_000
    /// What the query language calls attributes although they are kept as facts of their own.
    private static let keysWithoutAttribute: Set<String> = ["service.name", "peer.service"]

    /// - Parameter language: what the query asks for.
    package static func whyNothing(
        _ query: TraceQuery, _ language: TraceQLQuery, _ store: any QueryableStore, _ work: QueryWork
    ) throws -> [String] {
        let window = query.startMin...query.startMax
        guard let stored = try store.timeRange() else { return ["nothing is stored"] }
        guard stored.overlaps(window) else {
            return [
                "the window from \(time(window.lowerBound)) to \(time(window.upperBound)) is without data: what is "
                    + "stored is from \(time(stored.lowerBound)) to \(time(stored.upperBound))"
            ]
        }
        var notes: [String] = []
        let services = language.serviceNames
        if !services.isEmpty {
            let names = try store.serviceNames()
            for service in services.sorted() where !names.contains(service) {
                notes.append(note(onUnknown: service, names))
            }
        }
        let askedKeys = language.selectedFields.compactMap { field in
            if case .attribute(_, let key) = field, !keysWithoutAttribute.contains(key) { key } else { nil }
        }
        if !askedKeys.isEmpty {
            let keys = try store.attributeKeys(within: window, limit: keyCountMax, work)
            let known = Set(keys.keys.values.joined())
            for key in askedKeys where keys.isComplete && !known.contains(key) {
                notes.append("no span within the window has an attribute \(key)")
            }
        }
        if store.isSampled { notes.append(try noteOnSampling(of: services, within: window, store)) }
        return notes
    }

    private static func noteOnSampling(
        of services: Set<String>, within window: ClosedRange<Int64>, _ store: any QueryableStore
    ) throws -> String {
        let text = "the sampler stores only some traces: those that match may have been left out"
        let end = window.upperBound.addingReportingOverflow(1)
        let graph = try store.topology(
            TopologyQuery(window: window.lowerBound..<(end.overflow ? .max : end.partialValue)))
        let counts = graph.nodes.filter { services.contains($0.serviceName) && $0.callCount > 0 }
            .map { "\($0.serviceName) served \($0.callCount) requests within the window" }
        return (counts + [text]).joined(separator: "; ")
    }

    private static func note(onUnknown service: String, _ names: [String]) -> String {
        let similar = names.filter { isSimilar($0, service) }.prefix(suggestionCountMax)
        let rest = similar.isEmpty ? "" : "; there are \(similar.joined(separator: ", "))"
        return "no service is called \(service)\(rest)"
    }

    private static func time(_ nanoseconds: Int64) -> String {
        RFC3339.text(nanoseconds, hasFraction: false)
    }

    // MARK: Similar names

    /// One is a part of the other, or a few letters are other ones.
    static func isSimilar(_ name: String, _ asked: String) -> Bool {
        let (name, asked) = (Array(name.lowercased().utf8), Array(asked.lowercased().utf8))
        guard !asked.isEmpty, name.count < 256, asked.count < 256 else { return false }
        let (short, long) = name.count < asked.count ? (name, asked) : (asked, name)
        if short.count >= 3, long.contains(short) { return true }
        return long.count - short.count <= 2 && distance(name, asked) <= max(1, asked.count / 4)
    }

    /// Letters to add, leave out or change to make one of the other (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let changed = previous[column] + (byte == other ? 0 : 1)
                current.append(min(changed, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}
