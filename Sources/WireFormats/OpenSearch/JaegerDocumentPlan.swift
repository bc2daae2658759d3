internal import Bytes
internal import TraceModel

/// How the documents of spans of one shape are written: all that the shape alone decides. Places are those of words in
/// a row, -1 for what the shape has not got.
struct JaegerDocumentPlan: BitwiseCopyable {
    // Not as its own type, which is no plain value outside its module.
    private var sourceNumber: UInt8 = 0
    var isDebug = false
    var serviceName: UInt32 = 0
    var operationName: UInt32 = 0
    /// Steps that write `tags`, then those that write `tag`, then those that write `logs`.
    var firstStep = 0
    var tagCount = 0
    var fieldCount = 0
    var firstEvent = 0
    var eventCount = 0

    var flags = -1
    var links = -1
    var resource = -1
    var localIPv4 = -1
    var localIPv6 = -1

    var source: SpanSource {
        get { SpanSource(rawValue: sourceNumber) ?? .zipkin }
        set { sourceNumber = newValue.rawValue }
    }
}

/// One element of `tags`, or one field of `tag`: what stands before the value, and where the value is.
struct JaegerTagStep: BitwiseCopyable {
    enum Source: UInt8 {
        /// There is no value: what stands before it is all.
        case constant
        case value
        /// The text `true` is a flag.
        case zipkinError
        case scopeName
        case scopeVersion
        /// Bytes of an IP address.
        case address
        /// A number that says something only above 0.
        case positive
    }

    var source: Source
    private var typeNumber: UInt8
    var isHashed = false
    var word: Int
    /// Of the text before the value, among the pieces.
    var pieceStart = 0
    var pieceCount = 0

    @inline(__always)
    var type: ValueType { ValueType(rawValue: typeNumber) ?? .none }

    init(source: Source, type: ValueType, word: Int) {
        self.source = source
        typeNumber = type.rawValue
        self.word = word
    }
}

extension JaegerTagStep {
    /// Whether a number is one.
    func isFinite(_ words: UnsafePointer<UInt32>) -> Bool {
        Double(bitPattern: SpanBatch.wide(words + word)).isFinite
    }
}

/// Places of an event's parts.
struct JaegerEventStep: BitwiseCopyable {
    var time: Int
    var name: Int
    var attributes = -1
}

/// Makes plans; kept and used again.
struct JaegerDocumentPlanner {
    private let rules: AttributeRules

    // Of the shape at hand.
    private var own: [Candidate] = []
    private var candidates: [Candidate] = []
    private var fieldWords: [Int] = []

    private struct Candidate {
        let key: UnsafeRawBufferPointer
        var step: JaegerTagStep
        /// Instead of a value.
        var constant: StaticString?
    }

    init(_ rules: AttributeRules) { self.rules = rules }

    /// - Parameters:
    ///   - pieces: gets the texts that stand before the values.
    ///   - steps: gets the plan's steps.
    mutating func plan(
        _ shape: SpanShape, of batch: SpanBatch, pieces: inout DocumentWriter,
        steps: inout ColumnBuffer<JaegerTagStep>, events: inout ColumnBuffer<JaegerEventStep>
    ) -> JaegerDocumentPlan {
        var plan = JaegerDocumentPlan()
        let traits = shape.traits
        plan.source = traits.source
        plan.isDebug = traits.isDebug
        plan.serviceName = shape.serviceName
        plan.operationName = shape.operationName
        plan.firstEvent = events.count
        own.removeAll(keepingCapacity: true)
        candidates.removeAll(keepingCapacity: true)
        fieldWords = [Int](repeating: -1, count: Int(UInt8.max) + 1)
        take(shape, batch, &events)
        plan.eventCount = events.count - plan.firstEvent
        plan.flags = word(of: .flags)
        plan.links = word(of: .links)
        plan.resource = word(of: .resource)
        plan.localIPv4 = word(of: .localIPv4)
        plan.localIPv6 = word(of: .localIPv6)
        // An order that means nothing is not that of the batch, so that a span has the same document in every batch.
        if !traits.hasOrderedAttributes { own.sort { $0.key.lexicographicallyPrecedes($1.key) } }
        addCandidates(traits)
        plan.firstStep = steps.count
        writeTags(&pieces, &steps)
        plan.tagCount = steps.count - plan.firstStep
        writeFields(&pieces, &steps)
        plan.fieldCount = steps.count - plan.firstStep - plan.tagCount
        return plan
    }

    private func word(of field: SpanField) -> Int { fieldWords[Int(field.rawValue)] }

    /// Finds the places of everything in a row.
    private mutating func take(_ shape: SpanShape, _ batch: SpanBatch, _ events: inout ColumnBuffer<JaegerEventStep>) {
        var word = 0
        var time = 0
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            switch column.role {
            case .attribute:
                own.append(
                    Candidate(
                        key: batch.string(column.key),
                        step: JaegerTagStep(source: .value, type: column.type, word: word)))
            case .field: if let field = column.field { fieldWords[Int(field.rawValue)] = word }
            case .event: time = word
            case .eventName: events.append(JaegerEventStep(time: time, name: word))
            case .eventAttributes: if events.count > 0 { events[events.count - 1].attributes = word }
            }
            word += column.type.wordCount
        }
    }

    // MARK: What there is to tell, in its order

    private mutating func addCandidates(_ traits: SpanTraits) {
        if word(of: .scope) >= 0 {
            add(JaegerTagKey.scopeName, .scopeName, .string, .scope)
            add(JaegerTagKey.scopeVersion, .scopeVersion, .string, .scope)
        }
        for attribute in own {
            var attribute = attribute
            if traits.source == .zipkin, attribute.step.type == .string, attribute.key.equals(JaegerTagKey.error) {
                attribute.step.source = .zipkinError
            }
            candidates.append(attribute)
        }
        switch traits.kind {
        case .unspecified: break
        case .client: add(JaegerTagKey.kind, constant: "\"client\"", .string)
        case .server: add(JaegerTagKey.kind, constant: "\"server\"", .string)
        case .producer: add(JaegerTagKey.kind, constant: "\"producer\"", .string)
        case .consumer: add(JaegerTagKey.kind, constant: "\"consumer\"", .string)
        case .local: add(JaegerTagKey.kind, constant: "\"internal\"", .string)
        }
        switch traits.statusCode {
        case .unset: break
        case .ok: add(JaegerTagKey.statusCode, constant: "\"OK\"", .string)
        case .error:
            // What a span of Jaeger's says of its error in words of its own is not to be lost.
            if traits.source == .jaeger && hasOwn(JaegerTagKey.error) {
                add(JaegerTagKey.statusCode, constant: "\"ERROR\"", .string)
            } else {
                add(JaegerTagKey.error, constant: "true", .bool)
            }
        }
        add(JaegerTagKey.statusDescription, .value, .string, .statusMessage)
        add(JaegerTagKey.traceState, .value, .string, .traceState)
        addUnlessOwn("peer.service", .value, .string, .remoteServiceName)
        addUnlessOwn("peer.ipv4", .address, .string, .remoteIPv4)
        addUnlessOwn("peer.ipv6", .address, .string, .remoteIPv6)
        addUnlessOwn("peer.port", .positive, .int, .remotePort)
        // Jaeger's own spans say nothing of the kind: what is counted there are references to nothing.
        guard traits.source != .jaeger else { return }
        addUnlessOwn("otel.dropped_attributes_count", .positive, .int, .droppedAttributeCount)
        addUnlessOwn("otel.dropped_events_count", .positive, .int, .droppedEventCount)
        addUnlessOwn("otel.dropped_links_count", .positive, .int, .droppedLinkCount)
    }

    private func hasOwn(_ key: StaticString) -> Bool { own.contains { $0.key.equals(key) } }

    private mutating func add(
        _ key: StaticString, _ source: JaegerTagStep.Source, _ type: ValueType, _ field: SpanField
    ) {
        guard word(of: field) >= 0 else { return }
        candidates.append(
            Candidate(key: key.rawBytes, step: JaegerTagStep(source: source, type: type, word: word(of: field))))
    }

    private mutating func addUnlessOwn(
        _ key: StaticString, _ source: JaegerTagStep.Source, _ type: ValueType, _ field: SpanField
    ) {
        if word(of: field) >= 0 && !hasOwn(key) { add(key, source, type, field) }
    }

    private mutating func add(_ key: StaticString, constant: StaticString, _ type: ValueType) {
        candidates.append(
            Candidate(
                key: key.rawBytes, step: JaegerTagStep(source: .constant, type: type, word: -1), constant: constant))
    }

    // MARK: Steps

    private mutating func writeTags(_ pieces: inout DocumentWriter, _ steps: inout ColumnBuffer<JaegerTagStep>) {
        for candidate in candidates {
            let rule = rules.rule(for: candidate.key)
            var step = candidate.step
            step.isHashed = rule.contains(.hashed) && step.source != .constant
            guard !rule.contains(.dropped), !rule.isElevated(step, candidate.key) else { continue }
            step.pieceStart = pieces.count
            pieces.writeTagStart(candidate.key, step.isHashed ? .string : step.type)
            if let constant = candidate.constant {
                pieces.write(constant)
                pieces.write(UInt8(ascii: "}"))
            }
            step.pieceCount = pieces.count - step.pieceStart
            steps.append(step)
        }
    }

    /// Fields stand in the order of their names; of those with the same name the last counts.
    private mutating func writeFields(_ pieces: inout DocumentWriter, _ steps: inout ColumnBuffer<JaegerTagStep>) {
        var fields: [(name: [UInt8], place: Int)] = []
        for (place, candidate) in candidates.enumerated() {
            let rule = rules.rule(for: candidate.key)
            candidates[place].step.isHashed = rule.contains(.hashed) && candidate.step.source != .constant
            guard !rule.contains(.dropped), rule.isElevated(candidates[place].step, candidate.key) else { continue }
            fields.append((JaegerDocumentField.name(of: candidate.key), place))
        }
        for place in JaegerDocumentField.order(fields) {
            let candidate = candidates[place]
            var step = candidate.step
            step.pieceStart = pieces.count
            pieces.writeFieldStart(JaegerDocumentField.name(of: candidate.key))
            if let constant = candidate.constant { pieces.write(constant) }
            step.pieceCount = pieces.count - step.pieceStart
            steps.append(step)
        }
    }
}

extension AttributeRules.Rule {
    /// Bytes are never fields.
    fileprivate func isElevated(_ step: JaegerTagStep, _ key: UnsafeRawBufferPointer) -> Bool {
        contains(.elevated) && (step.type != .bytes || step.isHashed || step.source == .address)
            && JaegerDocumentField.isName(key)
    }
}

/// Attributes as fields of objects, which Jaeger's name for them is `tag`.
enum JaegerDocumentField {
    /// The key with `@` for every dot, which would make an object within the object.
    static func name(of key: UnsafeRawBufferPointer) -> [UInt8] {
        key.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "@") : $0 }
    }

    /// Whether a field may be called so: no cluster takes one without a name.
    static func isName(_ key: UnsafeRawBufferPointer) -> Bool { key.contains { $0 > 0x20 } }

    /// The places of the fields that are written, by name; of those with the same name the last.
    static func order(_ fields: [(name: [UInt8], place: Int)]) -> [Int] {
        let sorted = fields.sorted { a, b in
            a.name.lexicographicallyPrecedes(b.name) || a.place < b.place && a.name == b.name
        }
        return sorted.indices.filter { $0 + 1 == sorted.count || sorted[$0 + 1].name != sorted[$0].name }
            .map { sorted[$0].place }
    }
}

extension DocumentWriter {
    /// What stands before the value of an element of `tags`, with a comma before it.
    mutating func writeTagStart(_ key: UnsafeRawBufferPointer, _ type: ValueType) {
        write(",{\"key\":")
        writeString(key)
        switch type {
        case .string, .array, .map, .none: write(",\"type\":\"string\",\"value\":")
        case .bytes: write(",\"type\":\"binary\",\"value\":")
        case .bool: write(",\"type\":\"bool\",\"value\":")
        case .int: write(",\"type\":\"int64\",\"value\":")
        case .double: write(",\"type\":\"float64\",\"value\":")
        }
    }

    /// What stands before the value of a field of `tag`, with a comma before it.
    mutating func writeFieldStart(_ name: [UInt8]) {
        write(UInt8(ascii: ","))
        name.withUnsafeBytes { writeString($0) }
        write(UInt8(ascii: ":"))
    }
}
