/// The words of the language.
enum TraceQLNames {
    /// Intrinsic fields that stand without a scope.
    static let plainIntrinsics: [String: TraceQLQuery.Intrinsic] = [
        "name": .name, "kind": .kind, "status": .status, "statusMessage": .statusMessage, "duration": .duration,
        "childCount": .childCount, "traceDuration": .traceDuration, "rootName": .rootName,
        "rootServiceName": .rootServiceName, "nestedSetLeft": .nestedSetLeft, "nestedSetRight": .nestedSetRight,
        "nestedSetParent": .nestedSetParent,
    ]

    /// Intrinsic fields with their scope, as `scope:name`.
    static let scopedIntrinsics: [String: TraceQLQuery.Intrinsic] = [
        "span:name": .name, "span:kind": .kind, "span:status": .status, "span:statusMessage": .statusMessage,
        "span:duration": .duration, "span:id": .spanID, "span:parentID": .parentID, "span:childCount": .childCount,
        "trace:id": .traceID, "trace:duration": .traceDuration, "trace:rootName": .rootName,
        "trace:rootService": .rootServiceName, "event:name": .eventName,
        "event:timeSinceStart": .eventTimeSinceStart, "link:traceID": .linkTraceID, "link:spanID": .linkSpanID,
        "instrumentation:name": .instrumentationName, "instrumentation:version": .instrumentationVersion,
    ]

    /// Scopes that a key may have.
    static let scopes: [String: TraceQLQuery.Scope] = [
        "span": .span, "resource": .resource, "event": .event, "link": .link, "instrumentation": .instrumentation,
    ]

    static let literals: [String: TraceQLQuery.Literal] = {
        var literals: [String: TraceQLQuery.Literal] = [
            "true": .bool(true), "false": .bool(false), "nil": .none, "minInt": .int(.min), "maxInt": .int(.max),
        ]
        for status in TraceQLQuery.Status.allCases { literals[status.rawValue] = .status(status) }
        for kind in TraceQLQuery.Kind.allCases { literals[kind.rawValue] = .kind(kind) }
        return literals
    }()

    static let metricsFunctions: Set<String> = [
        "rate", "count_over_time", "min_over_time", "max_over_time", "avg_over_time", "sum_over_time",
        "quantile_over_time", "histogram_over_time", "compare", "topk", "bottomk",
    ]

    /// Ends a key that stands without quotes.
    static func endsKey(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "="),
            UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"),
            UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: ","):
            true
        default: false
        }
    }
}

extension TraceQLQuery.Intrinsic {
    /// What a value of it is; nothing else may be compared with it.
    var type: TraceQLType {
        switch self {
        case .name, .statusMessage, .spanID, .parentID, .traceID, .rootName, .rootServiceName, .eventName,
            .linkTraceID, .linkSpanID, .instrumentationName, .instrumentationVersion:
            .string
        case .kind: .kind
        case .status: .status
        case .duration, .traceDuration, .eventTimeSinceStart, .childCount, .nestedSetLeft, .nestedSetRight,
            .nestedSetParent:
            .number
        }
    }
}

/// What an expression makes, as far as its text tells.
enum TraceQLType {
    case string, number, bool, status, kind, none
    /// Whatever the attribute turns out to be.
    case any

    /// As a part of a message.
    var words: String {
        switch self {
        case .string: "text"
        case .number: "a number"
        case .bool: "true or false"
        case .status: "a status"
        case .kind: "a kind"
        case .none: "nil"
        case .any: "an attribute"
        }
    }

    func mayBe(_ other: TraceQLType) -> Bool { self == other || self == .any }
}
