package import Topology
internal import TraceModel

/// The parameters of questions for the topology as values. What is unknown or makes no sense is refused, with a text
/// that says so.
package enum TopologyParameters {
    /// Nanoseconds.
    static let lookback: Int64 = 3_600_000_000_000
    static let depthMax = 100

    private static let names: Set<String> = ["since", "until", "group", "focus", "depth", "format"]

    /// - Parameter now: nanoseconds since 1970.
    /// - Throws: `QueryError`.
    package static func query(_ parameters: QueryParameters, now: Int64) throws -> TopologyQuery {
        try SkeinQueryParameters.checkNames(parameters, names)
        var query = TopologyQuery(window: try window(parameters, now: now))
        query.grouping = try choice("group", parameters) ?? .service
        query.focus = parameters.text("focus")
        if let depth = try SkeinQueryParameters.number("depth", parameters, in: 0...depthMax) {
            guard query.focus != nil else { throw QueryError("depth: only around a focus, which is not given") }
            query.depth = depth
        }
        return query
    }

    package static func format<Format: RawRepresentable<String> & CaseIterable>(
        _ parameters: QueryParameters
    ) throws -> Format? { try choice("format", parameters) }

    /// The time asked for: `since`, an hour before the end if absent, up to `until`, now if absent.
    package static func window(_ parameters: QueryParameters, now: Int64) throws -> Range<Int64> {
        let end = try time("until", parameters, now: now) ?? now
        let start = max(0, try time("since", parameters, now: now) ?? end.addingClamped(-lookback))
        guard start < end else { throw QueryError("since: not earlier than until") }
        return start..<end
    }

    /// As `SkeinQueryParameters.time`; a length without a sign, such as `1h`, is before now too.
    private static func time(_ name: String, _ parameters: QueryParameters, now: Int64) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        let isLength = Int64(text) == nil && SkeinQueryParameters.length("-" + text) != nil
        let signed = isLength ? QueryParameters([(name, "-" + text)]) : parameters
        return try SkeinQueryParameters.time(name, signed, now: now)
    }

    private static func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ parameters: QueryParameters
    ) throws -> Value? {
        guard let text = parameters.text(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw QueryError("\(name): not one of \(Value.allCases.map(\.rawValue).joined(separator: ", ")): \(text)")
        }
        return value
    }
}
