/// One kind of span in words that belong to no format; each format's layout makes a template of it.
struct SpanShape {
    let service: String
    let operation: String
    /// Zipkin's, nil for none.
    let kind: String?
    let hasParent: Bool
    let remote: Remote?
    let event: Event?
    /// In the order in which they are sent.
    let tags: [Tag]
    /// The message of a span that failed; it may be empty.
    let failure: String?

    struct Tag {
        let key: String
        /// Unescaped.
        let value: [Piece]
        var type = ValueType.text
        var place = Place.span

        init(key: String, value: [Piece], type: ValueType = .text, place: Place = .span) {
            self.key = key
            self.value = value
            self.type = type
            self.place = place
        }

        init(_ key: String, _ text: String) { self.init(key: key, value: [.text(text)]) }

        init(_ key: String, _ slot: Slot) { self.init(key: key, value: [.slot(slot)]) }

        init(_ key: String, number slot: Slot) { self.init(key: key, value: [.slot(slot)], type: .integer) }
    }

    enum ValueType {
        /// Text in every format.
        case text
        /// A number where the format has numbers; the value is one slot.
        case integer
    }

    /// What the value describes, and so where formats with a place for it have it.
    enum Place {
        case span, resource, scope
    }

    struct Remote {
        let serviceName: String
        let port: Int
    }

    /// A moment of the span, at `Slot.eventTimestamp`.
    struct Event {
        /// All of it in one text, for formats where an event is one.
        let text: [Piece]
        let name: String
        let attributes: [Tag]
    }
}

/// Who makes spans: a process with what it says of itself.
struct ResourceShape {
    let service: String
    let address: String
    let tags: [(key: String, value: String)]
}

/// What made the spans within a process.
struct ScopeShape: Hashable {
    let name: String
    let version: String
}
