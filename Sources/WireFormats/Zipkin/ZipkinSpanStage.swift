internal import Bytes
internal import TraceModel

/// The span at hand of a Zipkin decoder, where the builder cannot take it at once, and the rules of all its formats.
///
/// The builder gets fields in one order, then events, then attributes, in whatever order the sender wrote them.
struct ZipkinSpanStage: ~Copyable {
    let limits: SpanLimits
    private(set) var allowance: BodyAllowance

    // The span at hand.
    var hasTraceID = false
    var hasSpanID = false
    var localEndpoint = ZipkinEndpoint()
    var remoteEndpoint = ZipkinEndpoint()
    private var events = ColumnBuffer<ZipkinEvent>(capacity: 8)
    /// Strings of the span that were longer than allowed.
    var cutCount = 0

    /// Room for a name in lower case.
    private var lowered = ColumnBuffer<UInt8>(capacity: 128)

    init(_ limits: SpanLimits) {
        self.limits = limits
        allowance = BodyAllowance(limits)
    }

    // MARK: Body

    /// How many bytes of a batch one byte of a body makes at most, but for its spans, of which there are few enough.
    private static let growthMax = 4

    static func checkSize(
        _ bytes: UnsafeRawBufferPointer, _ builder: borrowing SpanBatchBuilder
    ) throws(DecodeError) {
        try BodyAllowance.checkSize(bytes, builder, growthMax: growthMax, byteCountMax: 1 << 31)
    }

    func checkRoom(in builder: borrowing SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        try allowance.checkRoom(in: builder, at: offset)
    }

    // MARK: Span

    /// - Parameter offset: of the span in the body.
    mutating func beginSpan(into builder: inout SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        try allowance.checkSpanCount(at: offset)
        allowance.countSpan()
        builder.beginSpan()
        hasTraceID = false
        hasSpanID = false
        localEndpoint = ZipkinEndpoint()
        remoteEndpoint = ZipkinEndpoint()
        events.removeAll()
        cutCount = 0
        try checkRoom(in: builder, at: offset)
    }

    /// - Parameter offset: of the span in the body.
    mutating func endSpan(into builder: inout SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        guard hasTraceID && hasSpanID else {
            let missing = (hasTraceID ? "" : " traceId") + (hasSpanID ? "" : " id")
            throw DecodeError(.malformed, "Missing :\(missing)", offset: offset)
        }
        if builder.parentID == builder.spanID { builder.parentID = 0 }
        // The server's half shares the ID; a client that says so is mistaken.
        if builder.traits.kind == .client { builder.traits.isShared = false }
        giveEndpoints(to: &builder)
        giveEvents(to: &builder)
        if cutCount > 0 {
            builder.addAttribute(key: builder.intern(SpanLimits.cutCountKey), int: Int64(cutCount))
        }
        builder.endSpan()
    }

    /// Nanoseconds from microseconds; absent for zero and less.
    @inline(__always)
    func time(_ microseconds: Int64, _ name: StaticString, at place: Int) throws(DecodeError) -> Int64 {
        guard microseconds > 0 else { return SpanBatch.absentTime }
        return try nanoseconds(microseconds, name, at: place)
    }

    @inline(__always)
    func nanoseconds(_ microseconds: Int64, _ name: StaticString, at place: Int) throws(DecodeError) -> Int64 {
        let product = microseconds.multipliedReportingOverflow(by: 1_000)
        guard !product.overflow else {
            throw DecodeError(.malformed, "\(name) \(microseconds) is out of range", offset: place)
        }
        return product.partialValue
    }

    // MARK: Strings

    /// The number of the string; a string that is too long is cut.
    @inline(__always)
    mutating func intern(_ text: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder) -> UInt32 {
        if text.count <= limits.valueByteCountMax { return builder.intern(text) }
        return builder.intern(cut(text))
    }

    @inline(never)
    private mutating func cut(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        cutCount += 1
        let end = UTF8Sequence.boundary(text, notAfter: limits.valueByteCountMax)
        return UnsafeRawBufferPointer(rebasing: text[..<end])
    }

    /// The number of the text in lower case.
    mutating func internName(_ text: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder) -> UInt32 {
        var hasUpperCase = false
        for byte in text {
            if byte >= 0x80 {
                var lower = String(decoding: text, as: UTF8.self).lowercased()
                return lower.withUTF8 { intern(UnsafeRawBufferPointer($0), into: &builder) }
            }
            hasUpperCase = hasUpperCase || byte &- 0x41 < 26
        }
        guard hasUpperCase else { return intern(text, into: &builder) }
        lowered.removeAll(keepingCapacityUpTo: 1 << 16)
        for byte in text { lowered.append(byte &- 0x41 < 26 ? byte | 0x20 : byte) }
        return intern(lowered.bytes, into: &builder)
    }

    // MARK: Endpoints and events

    /// Always in the same order, so that the order in which a sender writes makes no other shape.
    private func giveEndpoints(to builder: inout SpanBatchBuilder) {
        builder.serviceName = localEndpoint.serviceName
        if localEndpoint.ipv4 != 0 { builder.setField(.localIPv4, reference: localEndpoint.ipv4) }
        if localEndpoint.ipv6 != 0 { builder.setField(.localIPv6, reference: localEndpoint.ipv6) }
        if localEndpoint.port != 0 { builder.setField(.localPort, int: localEndpoint.port) }
        if remoteEndpoint.serviceName != 0 {
            builder.setField(.remoteServiceName, reference: remoteEndpoint.serviceName)
        }
        if remoteEndpoint.ipv4 != 0 { builder.setField(.remoteIPv4, reference: remoteEndpoint.ipv4) }
        if remoteEndpoint.ipv6 != 0 { builder.setField(.remoteIPv6, reference: remoteEndpoint.ipv6) }
        if remoteEndpoint.port != 0 { builder.setField(.remotePort, int: remoteEndpoint.port) }
    }

    /// - Parameter time: nanoseconds since 1970.
    mutating func addEvent(time: Int64, name: UInt32) { events.append(ZipkinEvent(time: time, name: name)) }

    /// Events by time, then by name; equal ones once.
    private mutating func giveEvents(to builder: inout SpanBatchBuilder) {
        guard events.count > 0 else { return }
        if events.count > 1 {
            var staged = UnsafeMutableBufferPointer(start: events.start, count: events.count)
            staged.sort { a, b in
                if a.time != b.time { return a.time < b.time }
                return a.name != b.name && builder.string(a.name).lexicographicallyPrecedes(builder.string(b.name))
            }
        }
        for index in 0..<events.count {
            let event = events.start[index]
            // Interned: equal names have equal numbers.
            if index > 0, case let last = events.start[index - 1], last.time == event.time, last.name == event.name {
                continue
            }
            builder.addEvent(name: event.name, time: event.time)
        }
    }
}

/// One end of a call as Zipkin gives it; 0 is absent everywhere.
struct ZipkinEndpoint: BitwiseCopyable, Equatable {
    // Numbers of interned strings.
    var serviceName: UInt32 = 0
    var ipv4: UInt32 = 0
    var ipv6: UInt32 = 0
    var port: Int64 = 0

    var isEmpty: Bool { self == ZipkinEndpoint() }

    mutating func setAddress(_ address: IPAddress, _ builder: inout SpanBatchBuilder) {
        switch address {
        case .v4(let value): ipv4 = builder.intern(bigEndian: value)
        case .v6(let high, let low): ipv6 = builder.intern(high: high, low: low)
        }
    }

    /// An address of 4 or 16 bytes; others are none. An IPv4 address mapped into IPv6 is IPv4, as in text.
    mutating func setAddress(networkOrder bytes: UnsafeRawBufferPointer, _ builder: inout SpanBatchBuilder) {
        guard let address = IPAddress(networkOrder: bytes) else { return }
        if case .v6(high: 0, let low) = address, low >> 32 == 0xffff {
            setAddress(.v4(UInt32(truncatingIfNeeded: low)), &builder)
        } else {
            setAddress(address, &builder)
        }
    }
}

/// An annotation, to be sorted before the builder takes it. (Private types break debug builds as elements of a column.)
struct ZipkinEvent: BitwiseCopyable {
    /// Nanoseconds since 1970.
    var time: Int64
    /// Number of an interned string.
    var name: UInt32
}

extension SpanBatchBuilder {
    /// The number of the four bytes, highest first.
    mutating func intern(bigEndian value: UInt32) -> UInt32 {
        withUnsafeBytes(of: value.bigEndian) { intern($0) }
    }

    /// The number of the sixteen bytes, highest first.
    mutating func intern(high: UInt64, low: UInt64) -> UInt32 {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { intern($0) }
    }

    mutating func intern(_ text: StaticString) -> UInt32 { intern(text.rawBytes) }
}
