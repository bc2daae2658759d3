internal import Bytes
internal import TraceModel

/// The process that made a span: its service and the resource, or where it ran. Borrows from the span's batch, or from
/// whoever has a copy.
struct JaegerProcess: Hashable {
    let serviceName: UnsafeRawBufferPointer
    let resource: UnsafeRawBufferPointer?
    let ipv4: UnsafeRawBufferPointer?
    let ipv6: UnsafeRawBufferPointer?

    init(_ span: SpanView, _ fields: JaegerSpanFields) {
        serviceName = span.serviceName
        resource = fields.resource
        ipv4 = fields.localIPv4
        ipv6 = fields.localIPv6
    }

    /// The same with bytes that `copies` has.
    fileprivate init(_ other: JaegerProcess, _ copies: KeptBytes) {
        serviceName = copies.copy(other.serviceName)
        resource = other.resource.map(copies.copy)
        ipv4 = other.ipv4.map(copies.copy)
        ipv6 = other.ipv6.map(copies.copy)
    }

    static func == (a: JaegerProcess, b: JaegerProcess) -> Bool {
        same(a.serviceName, b.serviceName) && same(a.resource, b.resource) && same(a.ipv4, b.ipv4)
            && same(a.ipv6, b.ipv6)
    }

    func hash(into hasher: inout Hasher) {
        var state = ByteHash.hash(resource ?? Self.nothing, seed: ByteHash.hash(serviceName))
        state = ByteHash.hash(ipv4 ?? Self.nothing, seed: state)
        hasher.combine(ByteHash.hash(ipv6 ?? Self.nothing, seed: state))
    }

    private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    private static func same(_ a: UnsafeRawBufferPointer?, _ b: UnsafeRawBufferPointer?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        guard a.count == b.count, let first = a.baseAddress, let second = b.baseAddress else {
            return a.count == b.count
        }
        return a.count == 0 || first == second || sameBytes(first, second, a.count)
    }
}

/// Bytes that stay where they are as long as this does.
private final class KeptBytes {
    private var pieces: [UnsafeMutableRawBufferPointer] = []

    func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard bytes.count > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        piece.copyMemory(from: bytes)
        pieces.append(piece)
        return UnsafeRawBufferPointer(piece)
    }

    deinit { for piece in pieces { piece.deallocate() } }
}

/// The processes of a trace's spans, numbered from 0 as they come; the spans need not be there any more.
struct JaegerProcesses {
    private let copies = KeptBytes()
    /// Valid as long as this.
    private(set) var list: [JaegerProcess] = []
    private var numbers: [JaegerProcess: Int] = [:]
    /// Of the span before.
    private var last = 0

    mutating func number(of process: JaegerProcess) -> Int {
        // Spans of one process often follow each other.
        if last < list.count, list[last] == process { return last }
        if let known = numbers[process] {
            last = known
            return known
        }
        last = list.count
        let own = JaegerProcess(process, copies)
        list.append(own)
        numbers[own] = last
        return last
    }
}
