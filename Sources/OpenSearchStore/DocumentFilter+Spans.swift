internal import SegmentStore
internal import TraceModel

/// What the fields of Jaeger's documents are called.
enum DocumentField {
    static let traceID = "traceID"
    static let spanID = "spanID"
    /// Microseconds since 1970.
    static let start = "startTime"
    /// Microseconds.
    static let duration = "duration"
    static let service = "process.serviceName"
    static let operation = "operationName"

    /// Longer texts are in a document, but not in its index: `ignore_above` of the templates.
    static let indexedLengthMax = 256
}

/// Where a document has attributes: as a list of keys and values, and, of those that were asked for, as fields.
struct AttributePlace {
    /// Of the list.
    let list: String
    /// Of the object; nil if there is none.
    let object: String?

    static let span = AttributePlace(list: "tags", object: "tag")
    static let process = AttributePlace(list: "process.tags", object: "process.tag")
    static let scope = AttributePlace(list: "scopeTags", object: "scopeTag")
    static let event = AttributePlace(list: "logs.fields", object: nil)
    static let link = AttributePlace(list: "references.tags", object: nil)

    /// What stands for a dot in the name of a field.
    static let dot = "@"

    /// - Parameter value: nil for any value.
    func has(_ key: String, _ value: String?) -> DocumentFilter {
        guard isIndexed(key) else { return .anything }
        var wanted = [DocumentFilter.term(list + ".key", key)]
        let text = value.flatMap { isIndexed($0) ? $0 : nil }
        if let text { wanted.append(.term(list + ".value", text)) }
        let own = DocumentFilter.nested(list, .all(wanted).simplified)
        guard let object else { return own }
        guard let name = Self.fieldName(key) else { return .anything }
        let field = object + "." + name
        if let text { return .any([own, .term(field, text)]) }
        return .any([own, .exists(field), .term("_ignored", field)])
    }

    /// The key with another letter for dots; nil if it means something else in the name of a field.
    static func fieldName(_ key: String) -> String? {
        guard !key.isEmpty, !key.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "\\") }) else {
            return nil
        }
        return key.split(separator: ".", omittingEmptySubsequences: false).joined(separator: dot)
    }

    private func isIndexed(_ text: String) -> Bool { text.utf16.count <= DocumentField.indexedLengthMax }
}

extension DocumentFilter {
    /// The documents of spans that can meet a condition, and others: what a document's index does not tell is left to
    /// those who see the whole span.
    init(_ condition: SpanFilter.Condition) {
        switch condition {
        case .all(let parts): self = .all(parts.map { DocumentFilter($0) })
        case .any(let parts): self = .any(parts.map { DocumentFilter($0) })
        case .clause(let clause): self = Self.filter(clause)
        }
    }

    /// What one span of each trace has to meet: the spansets that are cheapest to look for.
    /// - Parameter cost: of each spanset.
    static func candidates(_ filter: SpanFilter, cost: [Int]) -> DocumentFilter {
        .any(needed(filter.combination, cost).spansets.map { DocumentFilter(filter.spansets[$0]) }).simplified
    }

    /// Spansets, one of which every trace has that the combination holds of.
    private static func needed(
        _ combination: SpanFilter.Combination, _ cost: [Int]
    ) -> (spansets: [Int], cost: Int) {
        switch combination {
        case .spanset(let number): return ([number], cost[number])
        case .all(let parts):
            return parts.map { needed($0, cost) }.min { $0.cost < $1.cost } ?? ([], 0)
        case .any(let parts):
            let all = parts.map { needed($0, cost) }
            return (all.flatMap(\.spansets), all.reduce(0) { $0 + $1.cost })
        }
    }

    private static func filter(_ clause: SpanFilter.Clause) -> DocumentFilter {
        switch clause {
        case .service(.equals(let name)): return text(DocumentField.service, name)
        case .operation(.equals(let name)): return text(DocumentField.operation, name)
        case .service(.meets), .operation(.meets): return .anything
        case .traits(let meets): return traits(meets)
        case .remoteService(let name):
            return AttributePlace.span.has("peer.service", String(decoding: name, as: UTF8.self))
        case .duration(let range):
            // A document has whole microseconds, rounded down; one without a duration says 0.
            return .range(
                DocumentField.duration, from: range.lowerBound <= 0 ? nil : range.lowerBound / 1000,
                to: range.upperBound == .max ? nil : max(range.upperBound, 0) / 1000)
        case .keyOrEvent(let key):
            let text = String(decoding: key, as: UTF8.self)
            guard text.utf16.count <= DocumentField.indexedLengthMax else { return .anything }
            let event = DocumentFilter.nested(
                AttributePlace.event.list, .term(AttributePlace.event.list + ".value", text))
            return .any([AttributePlace.span.has(text, nil), event])
        case .attribute(let test): return attribute(test)
        case .lacks: return .anything
        case .anywhere(let test):
            let key = String(decoding: test.key, as: UTF8.self)
            let places = [AttributePlace.span, .process, .scope, .event, .link]
            return .any(places.map { $0.has(key, indexedText(test)) })
        }
    }

    private static func attribute(_ test: SpanFilter.AttributeTest) -> DocumentFilter {
        let place: AttributePlace =
            switch test.owner {
            case .span: .span
            case .resource: .process
            case .scope: .scope
            }
        return place.has(String(decoding: test.key, as: UTF8.self), indexedText(test))
    }

    /// The text that stands in the index for the only value that will do; nil if there are several. Of one broken
    /// number there are.
    private static func indexedText(_ test: SpanFilter.AttributeTest) -> String? {
        guard let bytes = test.text, !bytes.isEmpty else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return Int64(text) == nil && Double(text) != nil ? nil : text
    }

    private static func text(_ field: String, _ bytes: [UInt8]) -> DocumentFilter {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.isEmpty || text.utf16.count > DocumentField.indexedLengthMax ? .anything : .term(field, text)
    }

    // MARK: Kind and status

    private static func traits(_ meets: (SpanTraits) -> Bool) -> DocumentFilter {
        var kinds: Set<SpanKind> = []
        var isFailureNeeded = true
        var isOKNeeded = true
        for kind in SpanKind.allCases {
            for status in [StatusCode.unset, .ok, .error] {
                for isError in [false, true] {
                    var traits = SpanTraits()
                    traits.kind = kind
                    traits.statusCode = status
                    traits.isError = isError
                    guard meets(traits) else { continue }
                    kinds.insert(kind)
                    if !traits.isFailure { isFailureNeeded = false }
                    if status != .ok { isOKNeeded = false }
                }
            }
        }
        guard !kinds.isEmpty else { return .nothing }
        var parts: [DocumentFilter] = []
        if kinds.count < SpanKind.allCases.count, !kinds.contains(.unspecified) {
            let names = kinds.compactMap(\.jaegerName).sorted()
            parts.append(.any(names.map { AttributePlace.span.has("span.kind", $0) }))
        }
        if isFailureNeeded { parts.append(failure) }
        if isOKNeeded { parts.append(AttributePlace.span.has("otel.status_code", nil)) }
        return .all(parts).simplified
    }

    /// Spans that say that they failed, or have a status of HTTP that says so of some kinds of spans.
    private static var failure: DocumentFilter {
        let place = AttributePlace.span
        let isNotFine = DocumentFilter.not(.matches(place.list + ".value", pattern: "[123][0-9][0-9]"))
        return .any([
            place.has("error", "true"), place.has("otel.status_code", nil),
            .nested(place.list, .all([.term(place.list + ".key", "http.status_code"), isNotFine])),
            .exists("tag.http@status_code"),
        ])
    }
}
