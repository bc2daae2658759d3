internal import TraceModel

/// Keys of Jaeger's tags that say what is no attribute elsewhere.
enum JaegerTagKey {
    static let kind: StaticString = "span.kind"
    static let error: StaticString = "error"
    static let statusCode: StaticString = "otel.status_code"
    static let statusDescription: StaticString = "otel.status_description"
    static let httpStatusCode: StaticString = "http.status_code"
    static let httpStatusMessage: StaticString = "http.status_message"
    static let traceState: StaticString = "w3c.tracestate"
    static let scopeName: StaticString = "otel.scope.name"
    static let scopeVersion: StaticString = "otel.scope.version"
    static let libraryName: StaticString = "otel.library.name"
    static let libraryVersion: StaticString = "otel.library.version"

    // Of logs.
    static let event: StaticString = "event"
    static let message: StaticString = "message"

    // Of links.
    static let referenceType: StaticString = "opentracing.ref_type"
    static let childOf: StaticString = "child_of"
}

/// Tags of the span at hand that become something else, or decide about others; nil where it has none.
///
/// Of tags with the same key the last counts.
struct JaegerStagedTags {
    var isError = false
    var statusCode: UnsafeRawBufferPointer?
    var statusDescription: UnsafeRawBufferPointer?
    var traceState: UnsafeRawBufferPointer?
    var scopeName: UnsafeRawBufferPointer?
    var scopeVersion: UnsafeRawBufferPointer?
    var libraryName: UnsafeRawBufferPointer?
    var libraryVersion: UnsafeRawBufferPointer?

    // These stay attributes.
    var httpStatusCode: Int64?
    var httpStatusMessage: UnsafeRawBufferPointer?

    /// Whether `take` looks at tags with this key.
    static func isSpecial(_ key: UnsafeRawBufferPointer) -> Bool { keys.contains { key.equals($0) } }

    private static let keys: [StaticString] = [
        JaegerTagKey.kind, JaegerTagKey.error, JaegerTagKey.statusCode, JaegerTagKey.statusDescription,
        JaegerTagKey.httpStatusCode, JaegerTagKey.httpStatusMessage, JaegerTagKey.traceState, JaegerTagKey.scopeName,
        JaegerTagKey.scopeVersion, JaegerTagKey.libraryName, JaegerTagKey.libraryVersion,
    ]

    /// Takes what a tag says.
    /// - Returns: false if the tag is to be an attribute.
    @inline(__always)
    mutating func take(_ tag: JaegerTag, _ traits: inout SpanTraits) -> Bool {
        let key = tag.key
        // No two keys but the status codes are of one length.
        switch key.count {
        case 5: if key.equals(JaegerTagKey.error) { return takeError(tag.value, &traits) }
        case 9: if key.equals(JaegerTagKey.kind) { return Self.takeKind(tag.value, &traits) }
        case 14: if key.equals(JaegerTagKey.traceState) { return Self.take(tag.value, &traceState) }
        case 15: if key.equals(JaegerTagKey.scopeName) { return Self.take(tag.value, &scopeName) }
        case 16:
            if key.equals(JaegerTagKey.statusCode) { return takeStatusCode(tag.value) }
            if key.equals(JaegerTagKey.httpStatusCode) { noteHTTPStatusCode(tag.value) }
        case 17: if key.equals(JaegerTagKey.libraryName) { return Self.take(tag.value, &libraryName) }
        case 18: if key.equals(JaegerTagKey.scopeVersion) { return Self.take(tag.value, &scopeVersion) }
        case 19:
            if key.equals(JaegerTagKey.httpStatusMessage) { _ = Self.take(tag.value, &httpStatusMessage) }
        case 20: if key.equals(JaegerTagKey.libraryVersion) { return Self.take(tag.value, &libraryVersion) }
        case 23: if key.equals(JaegerTagKey.statusDescription) { return Self.take(tag.value, &statusDescription) }
        default: break
        }
        return false
    }

    /// Takes a text that says something.
    private static func take(_ value: SpanValue, _ place: inout UnsafeRawBufferPointer?) -> Bool {
        guard case .string(let text) = value, text.count > 0 else { return false }
        place = text
        return true
    }

    private static func takeKind(_ value: SpanValue, _ traits: inout SpanTraits) -> Bool {
        guard case .string(let name) = value else { return false }
        if name.equals("client") {
            traits.kind = .client
        } else if name.equals("server") {
            traits.kind = .server
        } else if name.equals("producer") {
            traits.kind = .producer
        } else if name.equals("consumer") {
            traits.kind = .consumer
        } else if name.equals("internal") {
            traits.kind = .local
        } else {
            return false
        }
        return true
    }

    /// True is a status; the text means a failure too, but stays what it is.
    private mutating func takeError(_ value: SpanValue, _ traits: inout SpanTraits) -> Bool {
        switch value {
        case .bool(true):
            isError = true
            return true
        case .string(let text):
            if text.equals("true") { traits.isError = true }
            return false
        default: return false
        }
    }

    private mutating func takeStatusCode(_ value: SpanValue) -> Bool {
        guard case .string(let text) = value, JaegerStatus.code(text) != .unset else { return false }
        statusCode = text
        return true
    }

    private mutating func noteHTTPStatusCode(_ value: SpanValue) {
        switch value {
        case .int(let code): httpStatusCode = code
        case .string(let text): httpStatusCode = JaegerStatus.number(text)
        default: break
        }
    }
}

/// What tags say of a span's outcome.
enum JaegerStatus {
    /// By its name in any case.
    static func code(_ text: UnsafeRawBufferPointer) -> StatusCode {
        if isSame(text, "OK") { return .ok }
        return isSame(text, "ERROR") ? .error : .unset
    }

    private static func isSame(_ text: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        // Both names have letters only, which one bit tells from their small ones.
        text.count == name.utf8CodeUnitCount && zip(text, name.rawBytes).allSatisfy { $0 & ~0x20 == $1 }
    }

    /// A number of a few digits; nil for any other text.
    static func number(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard (1...9).contains(text.count) else { return nil }
        var number: Int64 = 0
        for byte in text {
            guard byte >= 0x30 && byte <= 0x39 else { return nil }
            number = number * 10 + Int64(byte - 0x30)
        }
        return number
    }

    /// Whether an HTTP status means a failure for a span of this kind: a server has done well to refuse a request.
    static func isFailure(_ code: Int64, _ kind: SpanKind) -> Bool {
        if code >= 400 && code < 500 && kind == .server { return false }
        return code < 100 || code >= 400
    }
}

extension JaegerSpanStage {
    /// Adds an attribute, or stages what the tag says if it means something of its own.
    @inline(__always)
    mutating func addTag(
        _ tag: JaegerTag, _ builder: inout SpanBatchBuilder, at offset: Int
    ) throws(DecodeError) {
        let key = memo.next(tag.key) ?? look(up: tag.key, &builder)
        if key.isSpecial && tags.take(tag, &builder.traits) { return }
        guard builder.attributeCount < allowance.attributeCountMax else {
            throw DecodeError(.tooManyAttributes, "more than \(allowance.attributeCountMax) tags", offset: offset)
        }
        addAttribute(key, tag.value, &builder)
    }

    /// A key that is not the one expected.
    @inline(never)
    private mutating func look(up key: UnsafeRawBufferPointer, _ builder: inout SpanBatchBuilder) -> JaegerKeyPlace {
        let clean = text.clean(key)
        let number = builder.intern(clean)
        if clean.isSamePlace(as: key) { return memo.key(key, number: number) }
        return JaegerKeyPlace(number: number, place: 0, isSpecial: false)
    }

    @inline(__always)
    private mutating func addAttribute(
        _ key: JaegerKeyPlace, _ value: SpanValue, _ builder: inout SpanBatchBuilder
    ) {
        switch value {
        case .string(let string):
            if let number = memo.number(of: string, at: key.place) {
                return builder.addAttribute(key: key.number, string: number)
            }
            let clean = text.clean(string)
            let number = builder.intern(clean)
            if key.place > 0 && clean.isSamePlace(as: string) { memo.remember(string, number: number, at: key.place) }
            builder.addAttribute(key: key.number, string: number)
        case .bytes(let bytes):
            builder.addAttribute(key: key.number, type: .bytes, reference: builder.intern(text.cut(bytes: bytes)))
        case .bool(let flag): builder.addAttribute(key: key.number, bool: flag)
        case .int(let number): builder.addAttribute(key: key.number, int: number)
        case .double(let number): builder.addAttribute(key: key.number, double: number)
        case .array, .map, .none: builder.addAttributeWithoutValue(key: key.number)
        }
    }

    /// Sets status and error of the span; what tags say beside that becomes attributes again.
    ///
    /// `error` outdoes `otel.status_code`, which outdoes the status of HTTP.
    /// - Returns: the message of the status, not cleaned.
    mutating func takeStatus(into builder: inout SpanBatchBuilder) -> UnsafeRawBufferPointer? {
        let named = tags.statusCode.map { JaegerStatus.code($0) }
        var status = named ?? .unset
        if tags.isError {
            status = .error
        } else if status == .unset, let code = tags.httpStatusCode {
            if JaegerStatus.isFailure(code, builder.traits.kind) { status = .error }
        }
        builder.traits.statusCode = status
        if status == .error { builder.traits.isError = true }
        if let named, named != status { giveBack(JaegerTagKey.statusCode, tags.statusCode, &builder) }
        guard status != .unset else {
            giveBack(JaegerTagKey.statusDescription, tags.statusDescription, &builder)
            return nil
        }
        if let description = tags.statusDescription { return description }
        return status == .error ? tags.httpStatusMessage : nil
    }

    /// - Returns: the number of the scope's string; 0 for none.
    mutating func takeScope(into builder: inout SpanBatchBuilder) -> UInt32 {
        guard let name = tags.scopeName ?? tags.libraryName else {
            giveBack(JaegerTagKey.scopeVersion, tags.scopeVersion, &builder)
            giveBack(JaegerTagKey.libraryVersion, tags.libraryVersion, &builder)
            return 0
        }
        let version = tags.scopeVersion ?? tags.libraryVersion
        giveBack(JaegerTagKey.libraryName, tags.libraryName, unlessSameAs: name, &builder)
        giveBack(JaegerTagKey.libraryVersion, tags.libraryVersion, unlessSameAs: version, &builder)
        writer.removeAll()
        // No attributes, nothing dropped, no schema.
        for _ in 0..<3 { writer.append(varint: 0) }
        writer.append(text: text.clean(name))
        writer.append(text: version.map { text.clean($0) } ?? UnsafeRawBufferPointer(start: nil, count: 0))
        return builder.intern(writer.bytes)
    }

    private mutating func giveBack(
        _ key: StaticString, _ value: UnsafeRawBufferPointer?, unlessSameAs other: UnsafeRawBufferPointer? = nil,
        _ builder: inout SpanBatchBuilder
    ) {
        guard let value, other.map({ !$0.elementsEqual(value) }) ?? true else { return }
        let key = builder.intern(key)
        builder.addAttribute(key: key, string: builder.intern(text.clean(value)))
    }

    // MARK: Process

    /// Starts a process: its tags go to `writer` as attributes.
    mutating func beginProcess(
        serviceName: UnsafeRawBufferPointer, in builder: inout SpanBatchBuilder, at offset: Int
    ) throws(DecodeError) -> JaegerStagedProcess {
        try checkRoom(in: builder, at: offset)
        let cutCount = text.cutCount
        text.cutCount = 0
        writer.removeAll()
        let attributes = writer.begin()
        var number: UInt32 = 0
        if serviceName.count > 0 {
            let name = text.clean(serviceName)
            number = builder.intern(name)
            writer.append(key: OTLPModel.serviceNameKey.rawBytes)
            writer.append(string: name)
        }
        return JaegerStagedProcess(
            serviceName: serviceName, number: number, attributes: attributes, cutCount: cutCount)
    }

    /// Adds a tag of the process, if it does not only repeat the service's name.
    mutating func addTag(_ tag: JaegerTag, to process: JaegerStagedProcess) {
        if case .string(let name) = tag.value, name.count > 0, name.elementsEqual(process.serviceName),
            tag.key.equals(OTLPModel.serviceNameKey)
        {
            return
        }
        append(tag)
    }

    mutating func endProcess(
        _ process: JaegerStagedProcess, _ builder: inout SpanBatchBuilder
    ) -> JaegerProcessNumbers {
        text.noteCuts(in: &writer)
        text.cutCount = process.cutCount
        var numbers = JaegerProcessNumbers(serviceName: process.number)
        guard writer.count > process.attributes + 1 else { return numbers }
        writer.end(process.attributes)
        // Nothing dropped, no schema, no entities.
        for _ in 0..<3 { writer.append(varint: 0) }
        numbers.resource = builder.intern(writer.bytes)
        return numbers
    }
}

extension UnsafeRawBufferPointer {
    /// The same bytes in the same place: a text that needed no mending.
    fileprivate func isSamePlace(as other: UnsafeRawBufferPointer) -> Bool {
        baseAddress == other.baseAddress && count == other.count
    }
}

/// Times of Jaeger's formats in nanoseconds; what is beyond 64 bits becomes the farthest time that is not.
enum JaegerTimes {
    private static let earliest = SpanBatch.absentTime + 1

    static func nanoseconds(microseconds: Int64) -> Int64 {
        let product = microseconds.multipliedReportingOverflow(by: 1_000)
        if product.overflow { return microseconds < 0 ? earliest : .max }
        return max(product.partialValue, earliest)
    }

    static func nanoseconds(seconds: Int64, nanoseconds: Int64) -> Int64 {
        let product = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let sum = product.partialValue.addingReportingOverflow(nanoseconds)
        if product.overflow || sum.overflow { return seconds < 0 ? earliest : .max }
        return max(sum.partialValue, earliest)
    }
}
