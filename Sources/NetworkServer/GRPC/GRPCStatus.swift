internal import Bytes

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
        case unimplemented  // gRPC's own name for a method or an encoding that is not there
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
            case .notFound: .notFound
            // gRPC knows no methods of HTTP and no media types: what does not fit is no call that is there.
            case .methodNotAllowed, .unsupportedMediaType, .notImplemented: .unimplemented
            case .requestTimeout, .gatewayTimeout: .deadlineExceeded
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
        var status = ByteWriter()
        status.write(UInt8(1 << 3))
        status.writeVarint(code.rawValue)
        status.write(field: 2, Array(message.utf8))
        if let seconds = retryDelaySeconds {
            var duration = ByteWriter()
            duration.write(UInt8(1 << 3))
            duration.writeVarint(seconds)
            var retryInfo = ByteWriter()
            retryInfo.write(field: 1, duration.bytes)
            var detail = ByteWriter()
            detail.write(field: 1, Array(Self.retryInfoType.utf8))
            detail.write(field: 2, retryInfo.bytes)
            status.write(field: 3, detail.bytes)
        }
        return status.bytes
    }
}
