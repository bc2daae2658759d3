import TestSupport

/// A span of version 1 as a sender means it, to be written in both formats.
struct ZipkinV1SampleSpan {
    struct Endpoint {
        var serviceName: String?
        var ipv4: [UInt8]?
        var ipv6: [UInt8]?
        var port: UInt16?
    }

    enum Value {
        case text(String)
        case bool(Bool)
        case i64(Int64)
    }

    var traceIDHigh: UInt64 = 0
    var traceID: UInt64 = 0xa1
    var spanID: UInt64 = 0xb2
    var parentID: UInt64?
    var name = "get"
    var timestamp: Int64?
    var duration: Int64?
    var isDebug = false
    var annotations: [(time: Int64, value: String, endpoint: Endpoint?)] = []
    var binaryAnnotations: [(key: String, value: Value, endpoint: Endpoint?)] = []

    static func random(_ random: inout SeededGenerator) -> ZipkinV1SampleSpan {
        var span = ZipkinV1SampleSpan()
        let services = ["frontend", "Backend", "", nil]
        func endpoint() -> Endpoint? {
            if Int.random(in: 0..<6, using: &random) == 0 { return nil }
            var endpoint = Endpoint(serviceName: services.randomElement(using: &random) ?? nil)
            if Bool.random(using: &random) { endpoint.ipv4 = [10, 0, 0, UInt8.random(in: 1...2, using: &random)] }
            if Int.random(in: 0..<5, using: &random) == 0 {
                endpoint.ipv6 = [0x20, 1] + [UInt8](repeating: 0, count: 13) + [7]
            }
            if Bool.random(using: &random) { endpoint.port = .random(in: 0 ... .max, using: &random) }
            return endpoint
        }
        if Bool.random(using: &random) { span.traceIDHigh = .random(in: 0...9, using: &random) }
        span.traceID = .random(in: 1 ... .max, using: &random)
        if Bool.random(using: &random) { span.parentID = .random(in: 0xb1...0xb3, using: &random) }
        span.name = ["", "GET", "get /ä"].randomElement(using: &random) ?? ""
        if Bool.random(using: &random) { span.timestamp = .random(in: -1...20, using: &random) }
        if Bool.random(using: &random) { span.duration = .random(in: -1...20, using: &random) }
        span.isDebug = Bool.random(using: &random)
        let values = ["cs", "cr", "sr", "ss", "ms", "mr", "ws", "wr", "xy", "other"]
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let time = Int64.random(in: 1...20, using: &random)
            span.annotations.append((time, values.randomElement(using: &random) ?? "", endpoint()))
        }
        let keys = ["ca", "sa", "ma", "lc", "error", "http.path", "key"]
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let texts = ["", "1", "true", "value ü"]
            let value: Value =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: .text(texts.randomElement(using: &random) ?? "")
                case 1: .i64(.random(in: 0...1, using: &random))
                default: .bool(Int.random(in: 0..<4, using: &random) > 0)
                }
            span.binaryAnnotations.append((keys.randomElement(using: &random) ?? "", value, endpoint()))
        }
        return span
    }

    // MARK: JSON

    var json: String {
        let hex = traceIDHigh == 0 ? "" : String(traceIDHigh, radix: 16)
        let low = String(traceID, radix: 16)
        let padding = traceIDHigh == 0 ? "" : String(repeating: "0", count: 16 - low.count)
        var members = [
            #""traceId":"\#(hex)\#(padding)\#(low)""#, #""id":"\#(String(spanID, radix: 16))""#,
            #""name":"\#(name)""#, #""debug":\#(isDebug)"#,
        ]
        if let parentID { members.append(#""parentId":"\#(String(parentID, radix: 16))""#) }
        if let timestamp { members.append(#""timestamp":\#(timestamp)"#) }
        if let duration { members.append(#""duration":\#(duration)"#) }
        let annotations = annotations.map {
            #"{"timestamp":\#($0.time),"value":"\#($0.value)","endpoint":\#(Self.json($0.endpoint))}"#
        }
        members.append(#""annotations":[\#(annotations.joined(separator: ","))]"#)
        let binary = binaryAnnotations.map {
            #"{"key":"\#($0.key)","value":\#(Self.json($0.value)),"endpoint":\#(Self.json($0.endpoint))}"#
        }
        members.append(#""binaryAnnotations":[\#(binary.joined(separator: ","))]"#)
        return "{\(members.joined(separator: ","))}"
    }

    private static func json(_ value: Value) -> String {
        switch value {
        case .text(let text): "\"\(text)\""
        case .bool(let flag): "\(flag)"
        case .i64(let number): "\(number)"
        }
    }

    private static func json(_ endpoint: Endpoint?) -> String {
        guard let endpoint else { return "null" }
        var members: [String] = []
        if let name = endpoint.serviceName { members.append(#""serviceName":"\#(name)""#) }
        if let address = endpoint.ipv4 {
            members.append(#""ipv4":"\#(address.map { "\($0)" }.joined(separator: "."))""#)
        }
        if let address = endpoint.ipv6 {
            let groups = (0..<8).map { String(UInt16(address[2 * $0]) << 8 | UInt16(address[2 * $0 + 1]), radix: 16) }
            members.append(#""ipv6":"\#(groups.joined(separator: ":"))""#)
        }
        if let port = endpoint.port { members.append(#""port":\#(port)"#) }
        return "{\(members.joined(separator: ","))}"
    }

    // MARK: Thrift

    var thrift: ThriftValue {
        var fields: [(id: Int16, value: ThriftValue)] = [(1, .i64(Int64(bitPattern: traceID)))]
        if traceIDHigh != 0 { fields.append((12, .i64(Int64(bitPattern: traceIDHigh)))) }
        fields.append((4, .i64(Int64(bitPattern: spanID))))
        fields.append((3, .string(name)))
        if let parentID { fields.append((5, .i64(Int64(bitPattern: parentID)))) }
        fields.append((6, .list(annotations.map(Self.thrift))))
        fields.append((8, .list(binaryAnnotations.map(Self.thrift))))
        fields.append((9, .bool(isDebug)))
        if let timestamp { fields.append((10, .i64(timestamp))) }
        if let duration { fields.append((11, .i64(duration))) }
        fields.append((77, .map([(.string("unknown"), .list([.i32(1), .i32(2)]))])))
        return .structure(fields)
    }

    private static func thrift(_ annotation: (time: Int64, value: String, endpoint: Endpoint?)) -> ThriftValue {
        var fields: [(id: Int16, value: ThriftValue)] = [(1, .i64(annotation.time)), (2, .string(annotation.value))]
        if let endpoint = annotation.endpoint { fields.append((3, thrift(endpoint))) }
        return .structure(fields)
    }

    private static func thrift(_ annotation: (key: String, value: Value, endpoint: Endpoint?)) -> ThriftValue {
        let (type, bytes): (Int32, [UInt8]) =
            switch annotation.value {
            case .bool(let flag): (0, [flag ? 1 : 0])
            case .i64(let number): (4, (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) })
            case .text(let text): (6, Array(text.utf8))
            }
        var fields: [(id: Int16, value: ThriftValue)] = [
            (1, .string(annotation.key)), (2, .bytes(bytes)), (3, .i32(type)),
        ]
        if let endpoint = annotation.endpoint { fields.append((4, thrift(endpoint))) }
        return .structure(fields)
    }

    private static func thrift(_ endpoint: Endpoint) -> ThriftValue {
        let address = (endpoint.ipv4 ?? [0, 0, 0, 0]).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        var fields: [(id: Int16, value: ThriftValue)] = [
            (1, .i32(Int32(bitPattern: address))), (2, .i16(Int16(bitPattern: endpoint.port ?? 0))),
            (3, .string(endpoint.serviceName ?? "")),
        ]
        if let address = endpoint.ipv6 { fields.append((4, .bytes(address))) }
        return .structure(fields)
    }

    static func thriftBody(_ spans: [ZipkinV1SampleSpan]) -> [UInt8] {
        ThriftWriter.bytes(.list(spans.map(\.thrift)), .binary)
    }

    static func jsonBody(_ spans: [ZipkinV1SampleSpan]) -> [UInt8] {
        Array("[\(spans.map(\.json).joined(separator: ","))]".utf8)
    }
}
