internal import Bytes
internal import TraceModel

/// The process that made a span: its service and the resource, or where it ran. Borrows from the span's batch.
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

    static func == (a: JaegerProcess, b: JaegerProcess) -> Bool {
        same(a.serviceName, b.serviceName) && same(a.resource, b.resource) && same(a.ipv4, b.ipv4)
            && same(a.ipv6, b.ipv6)
    }

    func hash(into hasher: inout Hasher) {
        var state = ByteHash.hash(serviceName)
        for part in [resource, ipv4, ipv6] { state = ByteHash.hash(part ?? Self.nothing, seed: state) }
        hasher.combine(state)
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

/// The processes of a trace's spans, numbered from 0 as they come.
struct JaegerProcesses {
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
        list.append(process)
        numbers[process] = last
        return last
    }
}
