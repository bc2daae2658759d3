internal import CCurl
internal import CShim

/// Why a request got no answer.
public struct HTTPClientError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case badURL
        case unreachable  // nothing listens there, or no way leads there
        case timedOut
        case tooLarge  // the answer is longer than allowed
        case noLibrary  // libcurl is not installed, or not as it should be
        case interrupted  // the connection ended, or what came is no HTTP
    }

    public let code: Code
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// - Parameter detail: what curl says, perhaps nothing.
    init(_ outcome: CURLcode, baseURL: String, timeoutMilliseconds: Int, detail: String) {
        let reason = detail.isEmpty ? Self.text(outcome) : detail
        switch outcome {
        case CURLE_COULDNT_CONNECT:
            self.init(.unreachable, "nothing listens at \(baseURL): is skein running? ('skein serve')")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self.init(.unreachable, "\(baseURL) cannot be reached: \(reason)")
        case CURLE_OPERATION_TIMEDOUT:
            self.init(.timedOut, "no answer from \(baseURL) within \(Double(timeoutMilliseconds) / 1000) s")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            self.init(.badURL, "'\(baseURL)' is no URL such as http://127.0.0.1:9411")
        default:
            self.init(.interrupted, "the exchange with \(baseURL) failed: \(reason)")
        }
    }

    private static func text(_ outcome: CURLcode) -> String {
        skein_curl_error_text(Int32(bitPattern: outcome.rawValue)).map { String(cString: $0) } ?? "\(outcome.rawValue)"
    }

    public var description: String { message }
}
