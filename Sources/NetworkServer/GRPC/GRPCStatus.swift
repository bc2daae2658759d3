/// How a gRPC call ended when it did not succeed.
/// Source: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
public struct GRPCStatus: Error, Sendable {
    public enum Code: Int, Sendable {
        case cancelled = 1
        case unknown
        case invalidArgument
        case deadlineExceeded
        case notFound
        case alreadyExists
        case permissionDenied
        case resourceExhausted
        case failedPrecondition
        case aborted
        case outOfRange
        case unimplemented
        case internalError
        case unavailable
        case dataLoss
        case unauthenticated
    }

    public let code: Code
    public let message: String
    /// When the call may be made again; exporters drop what they sent where they are not told.
    public let retryDelaySeconds: Int?

    public init(_ code: Code, _ message: String, retryDelaySeconds: Int? = nil) {
        self.code = code
        self.message = message
        self.retryDelaySeconds = retryDelaySeconds
    }

    /// The status that says over gRPC what `error` says over HTTP.
    public init(_ error: HTTPError) {
        let code: Code =
            switch error.status {
            case .unauthorized: .unauthenticated
            case .forbidden: .permissionDenied
            case .notFound, .methodNotAllowed, .unsupportedMediaType, .notImplemented: .unimplemented
            case .requestTimeout: .deadlineExceeded
            case .contentTooLarge, .headerFieldsTooLarge: .resourceExhausted
            case .serviceUnavailable, .tooManyRequests: .unavailable
            case .internalServerError: .internalError
            default: .invalidArgument
            }
        let retryAfter = error.headers.first { $0.name.lowercased() == "retry-after" }
        self.init(code, error.message, retryDelaySeconds: retryAfter.flatMap { Int($0.value) })
    }
}

extension GRPCStatus {
    private static let retryInfoType = "type.googleapis.com/google.rpc.RetryInfo"

    /// As the message `google.rpc.Status`, in which OTLP tells over HTTP, and gRPC in a trailer, why a call failed.
    public var protobuf: [UInt8] {
        var bytes: [UInt8] = [1 << 3, UInt8(code.rawValue)]
        Self.append(field: 2, Array(message.utf8), to: &bytes)
        if let seconds = retryDelaySeconds {
            var duration: [UInt8] = [1 << 3]
            Self.append(varint: seconds, to: &duration)
            var retryInfo: [UInt8] = []
            Self.append(field: 1, duration, to: &retryInfo)
            var detail: [UInt8] = []
            Self.append(field: 1, Array(Self.retryInfoType.utf8), to: &detail)
            Self.append(field: 2, retryInfo, to: &detail)
            Self.append(field: 3, detail, to: &bytes)
        }
        return bytes
    }

    private static func append(field: UInt8, _ value: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(field << 3 | 2)
        append(varint: value.count, to: &bytes)
        bytes += value
    }

    private static func append(varint value: Int, to bytes: inout [UInt8]) {
        var rest = UInt(bitPattern: value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
