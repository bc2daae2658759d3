internal import Bytes
internal import TraceModel

/// Reads the documents of one body.
struct JaegerDocumentReader: ~Copyable {
    private let bytes: UnsafeRawBufferPointer
    var stage: JaegerSpanStage
    /// Texts that had escapes: the stage keeps what it is given until the end.
    private let texts = StableTexts()
    private var binary = ColumnBuffer<UInt8>(capacity: 256)

    init(_ bytes: UnsafeRawBufferPointer, _ limits: SpanLimits) {
        self.bytes = bytes
        stage = JaegerSpanStage(limits)
    }

    mutating func readPage(
        _ answer: inout SearchAnswerReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> SearchPage {
        var page = SearchPage()
        do throws(DecodeError) {
            page.summary = try answer.readAnswer { (json) throws(DecodeError) in
                if try readDocument(&json, into: &builder) { page.spanCount += 1 } else { page.unreadableCount += 1 }
            }
        } catch {
            throw stage.located(error)
        }
        return page
    }

    func keep(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer { texts.keep(text, unlessWithin: bytes) }

    // MARK: Span

    /// What a document says of its span beside what the stage has.
    private struct Parts {
        var traceID: TraceID?
        var spanID: UInt64?
        var hasProcess = false
        var start: Int64 = 0
        var startMilliseconds: Int64 = 0
    }

    /// - Returns: false if the document is no span.
    private mutating func readDocument(
        _ json: inout JSONScanner, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> Bool {
        _ = try json.peek()
        let place = json.offset
        guard try json.enterObject() else { return false }
        try stage.beginSpan(into: &builder, at: place)
        builder.duration = 0
        stage.process = JaegerProcessNumbers()
        var parts = Parts()
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            try readField(key, &json, &parts, into: &builder)
        }
        guard let traceID = parts.traceID, let spanID = parts.spanID else {
            builder.beginSpan()
            return false
        }
        builder.traceID = traceID
        builder.spanID = spanID
        let start = parts.start != 0 ? parts.start : JaegerDocumentTime.microseconds(parts.startMilliseconds)
        builder.start = start == 0 ? SpanBatch.absentTime : JaegerTimes.nanoseconds(microseconds: start)
        try stage.endSpan(into: &builder, at: place)
        return true
    }

    private mutating func readField(
        _ key: UnsafeRawBufferPointer, _ json: inout JSONScanner, _ parts: inout Parts,
        into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        if key.equals("traceID") {
            parts.traceID = try json.readTraceID()
        } else if key.equals("spanID") {
            parts.spanID = try json.readSpanID()
        } else if key.equals("parentSpanID") {
            builder.parentID = try json.readSpanID() ?? 0
        } else if key.equals("flags") {
            stage.flags = UInt32(truncatingIfNeeded: try json.readWhole() ?? 0)
        } else if key.equals("operationName") {
            if let name = try json.readTextIfAny() { builder.operationName = builder.intern(stage.text.clean(name)) }
        } else if key.equals("references") {
            try readReferences(&json)
        } else if key.equals("startTime") {
            parts.start = max(try json.readWhole() ?? 0, 0)
        } else if key.equals("startTimeMillis") {
            parts.startMilliseconds = max(try json.readWhole() ?? 0, 0)
        } else if key.equals("duration") {
            builder.duration = JaegerTimes.nanoseconds(microseconds: max(try json.readWhole() ?? 0, 0))
        } else if key.equals("tags") {
            guard try json.enterList() else { return }
            var isFirst = true
            while try json.nextElement(isFirst: &isFirst) {
                let place = json.offset
                guard let tag = try readTag(&json) else { continue }
                try stage.addTag(tag, &builder, at: place)
            }
        } else if key.equals("tag") {
            try readFields(&json) { (reader: inout JaegerDocumentReader, tag, place) throws(DecodeError) in
                try reader.stage.addTag(tag, &builder, at: place)
            }
        } else if key.equals("spanKind") {
            // The first version could have it beside the tags.
            guard let kind = try json.readTextIfAny() else { return }
            let tag = JaegerTag(key: JaegerTagKey.kind.rawBytes, value: .string(keep(kind)))
            try stage.addTag(tag, &builder, at: json.offset)
        } else if key.equals("logs") {
            try readLogs(&json, into: &builder)
        } else if key.equals("process") {
            try readProcess(&json, into: &builder)
        } else {
            try json.skipValue()
        }
    }

    private mutating func readReferences(_ json: inout JSONScanner) throws(DecodeError) {
        guard try json.enterList() else { return }
        var isFirst = true
        while try json.nextElement(isFirst: &isFirst) {
            guard try json.enterObject() else { continue }
            var reference = JaegerReference()
            var isFirst = true
            while let key = try json.nextKey(isFirst: &isFirst) {
                if key.equals("refType") {
                    // What it does not say is a child's.
                    if let type = try json.readTextIfAny() { reference.isChild = !type.equals("FOLLOWS_FROM") }
                } else if key.equals("traceID") {
                    let traceID = try json.readTraceID() ?? TraceID(high: 0, low: 0)
                    reference.traceIDHigh = traceID.high
                    reference.traceIDLow = traceID.low
                } else if key.equals("spanID") {
                    reference.spanID = try json.readSpanID() ?? 0
                } else {
                    try json.skipValue()
                }
            }
            stage.addReference(reference)
        }
    }

    // MARK: Logs

    private mutating func readLogs(
        _ json: inout JSONScanner, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        guard try json.enterList() else { return }
        var isFirst = true
        while try json.nextElement(isFirst: &isFirst) {
            let place = json.offset
            guard try json.enterObject() else { continue }
            var log = try stage.beginEvent(in: builder, at: place)
            var time: Int64 = 0
            var isFirst = true
            while let key = try json.nextKey(isFirst: &isFirst) {
                if key.equals("timestamp") {
                    time = try json.readWhole() ?? 0
                } else if key.equals("fields"), try json.enterList() {
                    var isFirst = true
                    while try json.nextElement(isFirst: &isFirst) {
                        if let tag = try readTag(&json) { stage.addField(tag, to: &log, &builder) }
                    }
                } else if !key.equals("fields") {
                    try json.skipValue()
                }
            }
            stage.endEvent(log, time: JaegerTimes.nanoseconds(microseconds: time), &builder)
        }
    }

    // MARK: Process

    /// The service is to be known before the tags, which may stand before it.
    private mutating func readProcess(
        _ json: inout JSONScanner, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        _ = try json.peek()
        let place = json.offset
        guard try json.enterObject() else { return }
        let start = json.offset
        var serviceName = UnsafeRawBufferPointer(start: nil, count: 0)
        var isFirst = true
        var isKnown = false
        while !isKnown, let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("serviceName") {
                serviceName = try json.readTextIfAny().map { keep($0) } ?? serviceName
                isKnown = true
            } else {
                try json.skipValue()
            }
        }
        if serviceName.equals(JaegerDocumentText.namelessService) {
            serviceName = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let process = try stage.beginProcess(serviceName: serviceName, in: &builder, at: place)
        json.seek(to: start)
        isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("tags"), try json.enterList() {
                var isFirst = true
                while try json.nextElement(isFirst: &isFirst) {
                    if let tag = try readTag(&json) { stage.addTag(tag, to: process) }
                }
            } else if key.equals("tag") {
                try readFields(&json) { (reader: inout JaegerDocumentReader, tag, _) throws(DecodeError) in
                    reader.stage.addTag(tag, to: process)
                }
            } else if !key.equals("tags") {
                try json.skipValue()
            }
        }
        stage.process = stage.endProcess(process, &builder)
    }
}

// MARK: Tags

/// A value before its type is known.
enum JaegerDocumentValue {
    case text(UnsafeRawBufferPointer)
    case number(UnsafeRawBufferPointer)
    case flag(Bool)
    /// Nothing, or something with a structure.
    case none
}

extension JaegerDocumentReader {
    /// One element of a list of tags; nil for what is none.
    mutating func readTag(_ json: inout JSONScanner) throws(DecodeError) -> JaegerTag? {
        guard try json.enterObject() else { return nil }
        var tag = JaegerTag()
        var type = UnsafeRawBufferPointer(start: nil, count: 0)
        var value = JaegerDocumentValue.none
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("key") {
                tag.key = try json.readTextIfAny().map { keep($0) } ?? tag.key
            } else if key.equals("type") {
                type = try json.readTextIfAny().map { keep($0) } ?? type
            } else if key.equals("value") {
                value = try readValue(&json)
            } else {
                try json.skipValue()
            }
        }
        tag.value = self.value(value, ofType: type)
        return tag
    }

    /// The fields of an object, which are tags without a type.
    mutating func readFields(
        _ json: inout JSONScanner,
        _ body: (inout JaegerDocumentReader, JaegerTag, Int) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        guard try json.enterObject() else { return }
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            var tag = JaegerTag()
            tag.key = keyOfField(key)
            let place = json.offset
            tag.value = value(try readValue(&json), ofType: UnsafeRawBufferPointer(start: nil, count: 0))
            try body(&self, tag, place)
        }
    }

    private mutating func readValue(_ json: inout JSONScanner) throws(DecodeError) -> JaegerDocumentValue {
        switch try json.peek() {
        case UInt8(ascii: "\""): return .text(keep(try json.readString()))
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .flag(try json.readBool())
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return .number(try json.readNumberText())
        default:
            try json.skipValue()
            return .none
        }
    }

    /// What the value is by its type; without one, or where it is none of its type, what it looks like.
    private mutating func value(_ value: JaegerDocumentValue, ofType type: UnsafeRawBufferPointer) -> SpanValue {
        switch value {
        case .none: return .string(UnsafeRawBufferPointer(start: nil, count: 0))
        case .flag(let flag):
            return type.equals("string") ? .string((flag ? "true" : "false" as StaticString).rawBytes) : .bool(flag)
        case .number(let text):
            if type.equals("string") { return .string(text) }
            return Self.number(text, isDouble: type.equals("float64")) ?? .string(text)
        case .text(let text):
            if type.equals("int64") { return Self.number(text, isDouble: false) ?? .string(text) }
            if type.equals("float64") { return Self.double(text) ?? .string(text) }
            if type.equals("bool") {
                return text.equals("true") ? .bool(true) : text.equals("false") ? .bool(false) : .string(text)
            }
            if type.equals("binary"), binary.readHex(text) { return .bytes(texts.copy(binary.bytes)) }
            return .string(text)
        }
    }

    private static func number(_ text: UnsafeRawBufferPointer, isDouble: Bool) -> SpanValue? {
        if !isDouble {
            var number = JSONNumber(text)
            if let value = number.readInteger(), number.isAtEnd { return .int(value) }
        }
        var number = JSONNumber(text)
        guard number.skip(), number.isAtEnd else { return nil }
        return double(text)
    }

    private static func double(_ text: UnsafeRawBufferPointer) -> SpanValue? {
        if text.equals("+Inf") { return .double(.infinity) }
        return Double(String(decoding: text, as: UTF8.self)).map { .double($0) }
    }

    /// With dots for the signs that stand for them.
    private func keyOfField(_ key: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard key.contains(UInt8(ascii: "@")) else { return keep(key) }
        return JaegerDocumentField.key(of: key).withUnsafeBytes { texts.copy($0) }
    }
}

extension JaegerDocumentField {
    /// What the name was made of, if that had no `@`.
    static func key(of name: UnsafeRawBufferPointer) -> [UInt8] {
        name.map { $0 == UInt8(ascii: "@") ? UInt8(ascii: ".") : $0 }
    }
}

enum JaegerDocumentTime {
    /// The greatest number of microseconds for more milliseconds than can be said.
    static func microseconds(_ milliseconds: Int64) -> Int64 {
        let product = milliseconds.multipliedReportingOverflow(by: 1_000)
        return product.overflow ? .max : product.partialValue
    }
}

extension JSONScanner {
    /// A string, overwritten by the next one; nil for anything else.
    mutating func readTextIfAny() throws(DecodeError) -> UnsafeRawBufferPointer? {
        guard try peek() == UInt8(ascii: "\"") else {
            try skipValue()
            return nil
        }
        return try readString()
    }

    /// 1 to 32 hex digits of either case; nil for anything else and for zero.
    mutating func readTraceID() throws(DecodeError) -> TraceID? {
        _ = try peek()
        if let (high, low) = takePlainHex32() { return high | low == 0 ? nil : TraceID(high: high, low: low) }
        guard let text = try readTextIfAny(), text.count <= 32 else { return nil }
        return TraceID(hex: String(decoding: text, as: UTF8.self))
    }

    /// 1 to 16 hex digits of either case; nil for anything else and for zero.
    mutating func readSpanID() throws(DecodeError) -> UInt64? {
        _ = try peek()
        if let value = takePlainHex16() { return value == 0 ? nil : value }
        guard let text = try readTextIfAny(), text.count <= 16 else { return nil }
        return SpanID(hex: String(decoding: text, as: UTF8.self))?.value
    }
}
