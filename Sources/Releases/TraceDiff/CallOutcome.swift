internal import Bytes
internal import TraceModel

/// What a span says of how its call ended, and of what it asked for.
struct CallOutcome {
    /// Of HTTP, and of gRPC: a number or a text.
    private var status: SpanValue = .none
    private var grpcStatus: SpanValue = .none
    /// A proxy's own reasons; nil: none.
    private var flags: UnsafeRawBufferPointer?
    private let isError: Bool
    /// Of the URL; 0: none.
    private(set) var pathHash: UInt64 = 0

    /// What an attribute tells.
    enum Role {
        case status, grpcStatus, flags, path

        init?(_ key: UnsafeRawBufferPointer) {
            guard let start = key.baseAddress else { return nil }
            // Of the length at hand.
            func `is`(_ name: StaticString) -> Bool { sameBytes(start, name.utf8Start, name.utf8CodeUnitCount) }
            switch key.count {
            case 8 where `is`("http.url") || `is`("url.full") || `is`("url.path"): self = .path
            case 11 where `is`("http.target"): self = .path
            case 14 where `is`("response_flags"): self = .flags
            case 16 where `is`("http.status_code"): self = .status
            case 16 where `is`("grpc.status_code"): self = .grpcStatus
            case 20 where `is`("rpc.grpc.status_code"): self = .grpcStatus
            case 25 where `is`("http.response.status_code"): self = .status
            default: return nil
            }
        }
    }

    init(_ span: SpanView) {
        isError = span.isError
        span.forEachAttribute { key, value in
            switch Role(key) {
            case .status: status = value
            case .grpcStatus: grpcStatus = value
            case .flags: if case .string(let text) = value, !text.elementsEqual("-".utf8) { flags = text }
            case .path: if case .string(let text) = value { pathHash = ByteHash.hash(text) | 1 }
            case nil: break
            }
        }
    }

    /// Equal for equal outcomes, whatever batch they are in.
    var hash: UInt64 {
        func hash(_ value: SpanValue) -> UInt64 {
            switch value {
            case .string(let text), .bytes(let text), .array(let text), .map(let text): ByteHash.hash(text)
            case .int(let number): UInt64(bitPattern: number) | 1 << 63
            case .double(let number): number.bitPattern
            case .bool(let flag): flag ? 2 : 1
            case .none: 0
            }
        }
        var sum = ByteHash.fold(hash(status) ^ ByteHash.seed, hash(grpcStatus) ^ 0x9e37)
        sum = ByteHash.fold(sum, (flags.map { ByteHash.hash($0) } ?? 0) ^ ByteHash.seed)
        return ByteHash.fold(sum ^ (isError ? 1 : 0), ByteHash.seed)
    }

    /// Such as `200`, `503 URX`, `grpc 14`; `error` or `ok` where the span says no more.
    var text: String {
        var words = [code]
        if let flags { words.append(String(decoding: flags, as: UTF8.self)) }
        return words.joined(separator: " ")
    }

    /// The same without a proxy's reasons.
    var code: String {
        // A call by gRPC that failed was as good as any to HTTP.
        if let code = Self.text(grpcStatus) { return "grpc " + code }
        return Self.text(status) ?? (isError ? "error" : "ok")
    }

    private static func text(_ value: SpanValue) -> String? {
        switch value {
        case .string(let text): text.isEmpty ? nil : String(decoding: text.prefix(32), as: UTF8.self)
        case .int(let number): "\(number)"
        case .bytes, .bool, .double, .array, .map, .none: nil
        }
    }
}
