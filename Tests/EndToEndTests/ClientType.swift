import Testing

/// A type that a client decodes JSON into, as strictly as Go's decoder does.
indirect enum ClientType: Sendable {
    case string
    case bool
    /// Written as an integer, in a type of that many bits.
    case int(Int)
    case uint(Int)
    case number
    case any
    /// Text that is all of this kind: hex digits, decimal digits.
    case hex
    case digits
    case list(ClientType)
    /// A list that the client takes the first element of without a look at the length.
    case filledList(ClientType)
    case nullable(ClientType)
    case map(ClientType)
    /// Members that must be there, members that may be, and whether others fail the answer.
    case object([String: ClientType], optional: [String: ClientType] = [:], isStrict: Bool = false)

    static func strict(_ required: [String: ClientType], optional: [String: ClientType] = [:]) -> ClientType {
        .object(required, optional: optional, isStrict: true)
    }

    /// What does not fit, each with its place.
    func mismatches(_ value: ClientJSON, at path: String = "$") -> [String] {
        switch (self, value) {
        case (.any, _), (.string, .string), (.bool, .bool), (.number, .number), (.nullable, .null): return []
        case (.nullable(let type), _): return type.mismatches(value, at: path)
        case (.int(let bits), .number(let text)):
            guard let number = Int64(text), number >> (bits - 1) == 0 || number >> (bits - 1) == -1 else { break }
            return []
        case (.uint(let bits), .number(let text)):
            guard let number = UInt64(text), bits == 64 || number >> bits == 0 else { break }
            return []
        case (.hex, .string(let text)):
            guard !text.isEmpty, text.allSatisfy({ "0123456789abcdef".contains($0) }) else { break }
            return []
        case (.digits, .string(let text)):
            guard UInt64(text) != nil else { break }
            return []
        case (.filledList, .list([])): return ["\(path): empty"]
        case (.list(let type), .list(let items)), (.filledList(let type), .list(let items)):
            return items.enumerated().flatMap { type.mismatches($1, at: "\(path)[\($0)]") }
        case (.map(let type), .object(let members)):
            return members.flatMap { type.mismatches($0.value, at: "\(path).\($0.key)") }
        case (.object(let required, let optional, let isStrict), .object(let members)):
            var found = required.flatMap { name, type in
                members[name].map { type.mismatches($0, at: "\(path).\(name)") } ?? ["\(path).\(name): missing"]
            }
            for (name, value) in members where required[name] == nil {
                if let type = optional[name] {
                    found += type.mismatches(value, at: "\(path).\(name)")
                } else if isStrict {
                    found.append("\(path).\(name): unknown")
                }
            }
            return found
        default: break
        }
        return ["\(path): \(value) is no \(self)"]
    }

    /// Fails the test with the first places that do not fit.
    func expect(_ value: ClientJSON, sourceLocation: SourceLocation = #_sourceLocation) {
        let found = mismatches(value)
        guard !found.isEmpty else { return }
        let told = found.prefix(5).map { String($0.prefix(300)) }.joined(separator: "\n")
        Issue.record("\(found.count) do not fit:\n\(told)", sourceLocation: sourceLocation)
    }
}

// MARK: Jaeger's trace, as Kiali, Grafana and the web interface read it

extension ClientType {
    static let jaegerTag = object(["key": .string, "value": .any, "type": .string])

    static let jaegerSpan = object(
        [
            "traceID": .hex, "spanID": .hex, "operationName": .string, "startTime": .uint(64), "duration": .uint(64),
            "processID": .string, "tags": .list(jaegerTag), "warnings": .nullable(.list(.string)),
            "references": .list(.object(["refType": .string, "traceID": .hex, "spanID": .hex])),
            "logs": .list(.object(["timestamp": .uint(64), "fields": .list(jaegerTag)])),
        ],
        optional: ["flags": .uint(32), "process": .any, "stackTraces": .nullable(.list(.string))])

    static let jaegerTrace = object([
        "traceID": .hex, "spans": .filledList(jaegerSpan), "warnings": .nullable(.list(.string)),
        "processes": .map(.object(["serviceName": .string, "tags": .list(jaegerTag)])),
    ])

    /// The envelope of every answer of Jaeger's older paths.
    static func jaeger(_ data: ClientType) -> ClientType {
        object([
            "data": .nullable(data), "total": .int(64), "limit": .int(64), "offset": .int(64),
            "errors": .nullable(.list(.object(["msg": .string], optional: ["code": .int(64), "traceID": .string]))),
        ])
    }

    static let jaegerTraces = jaeger(.list(jaegerTrace))
}
