package import TraceModel
internal import TraceStore

/// Tempo's query parameters as values. An empty parameter counts as missing.
package enum TempoParameters {
    static let limitDefault = 20
    static let spansPerSpansetDefault = 3

    /// 1 to 32 hex digits of either case; nil for zero, which is the ID of no trace.
    /// - Throws: `QueryError`.
    package static func traceID(_ text: String) throws -> TraceID? {
        if let place = text.utf8.firstIndex(where: { !Character(Unicode.Scalar($0)).isHexDigit }) {
            let number = text.utf8.distance(from: text.utf8.startIndex, to: place) + 1
            throw QueryError(
                "trace IDs can only contain hex characters: invalid character '\(text[place])' at position \(number)")
        }
        guard text.utf8.count <= 32 else { throw QueryError("trace IDs can't be larger than 128 bits") }
        return TraceID(hex: text)
    }

    /// Whether a trace is to be sent as protobuf rather than JSON.
    package static func wantsProtobuf(_ accept: String?) -> Bool {
        (accept ?? "").split(separator: ",").contains { part in
            let type = part.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
            return type == "application/protobuf" || type == "application/x-protobuf"
        }
    }

    /// Whose attributes are asked for; nil for all.
    /// - Throws: `QueryError`.
    package static func scope(_ parameters: QueryParameters) throws -> String? {
        guard let scope = parameters.text("scope"), scope != "none", scope != "all" else { return nil }
        guard scope == TempoTagQueries.intrinsicScope || AttributeScope(rawValue: scope) != nil else {
            throw QueryError("invalid scope: \(scope)")
        }
        return scope
    }

    // MARK: Times

    /// `start` and `end`, in seconds since 1970; nanoseconds here, the end's second included.
    /// - Returns: nil if neither is given.
    /// - Throws: `QueryError`.
    package static func range(_ parameters: QueryParameters) throws -> ClosedRange<Int64>? {
        let start = try seconds("start", parameters)
        let end = try seconds("end", parameters)
        // Clients that know no time send zeros.
        guard start ?? 0 > 0 || end ?? 0 > 0 else { return nil }
        let from = (start ?? 0).multipliedClamped(by: nanosecondsPerSecond)
        guard let end, end > 0 else { return from...Int64.max }
        guard end >= start ?? 0 else {
            throw QueryError("http parameter start must be before end. received start=\(start ?? 0) end=\(end)")
        }
        let to = end.multipliedClamped(by: nanosecondsPerSecond).addingClamped(nanosecondsPerSecond - 1)
        return from...to
    }

    /// Likewise; where neither is given, what lies not further back than `lookback` nanoseconds.
    package static func window(
        _ parameters: QueryParameters, now: Int64, lookback: Int64
    ) throws -> ClosedRange<Int64> {
        if let range = try range(parameters) { return range }
        // Senders' clocks may be ahead.
        return max(0, now.addingClamped(-lookback))...Int64.max
    }

    private static let nanosecondsPerSecond: Int64 = 1_000_000_000

    private static func seconds(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw QueryError("invalid \(name): not a number of seconds: \(text)")
        }
        return number
    }

    /// Nanoseconds, of a duration as Go writes it.
    /// - Throws: `QueryError`.
    package static func duration(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let duration = GoDuration.nanoseconds(text), duration >= 0 else {
            throw QueryError("invalid \(name): not a duration such as 1.5s or 100ms: \(text)")
        }
        return duration
    }

    // MARK: Numbers

    /// - Throws: `QueryError`.
    package static func positive(_ name: String, _ parameters: QueryParameters) throws -> Int? {
        guard let text = parameters.text(name) else { return nil }
        guard let number = Int64(text) else { throw QueryError("invalid \(name): not a number: \(text)") }
        guard number > 0 else { throw QueryError("invalid \(name): must be a positive number") }
        return Int(clamping: number)
    }
}
