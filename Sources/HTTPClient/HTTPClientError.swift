internal import CCurl
internal import CShim

/// Why a request got no answer.
public struct HTTPClientError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case badURL
        case unreachable  // nothing listens there, or no way leads there
        case untrusted  // TLS: the certificate of one side does not satisfy the other, or a file for it is not right
        case timedOut
        case tooLarge  // the answer is longer than allowed
        case noLibrary  // libcurl is not installed, or not as it should be
        case interrupted  // the connection ended, or what came is no HTTP
        case cancelled  // by the caller, or by the client's shutdown
    }

    public let code: Code
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(badURL url: String) { self.init(.badURL, "'\(url)' is no URL such as http://127.0.0.1:9411") }

    /// - Parameters:
    ///   - isSent: whether there was a connection that the request could be sent on.
    ///   - detail: what curl says, perhaps nothing.
    init(_ outcome: CURLcode, url: String, timeout: Duration, isSent: Bool, detail: String) {
        let server = HTTPClient.Request.server(of: url)
        let reason = detail.isEmpty ? Self.text(outcome) : detail
        switch outcome {
        case CURLE_COULDNT_CONNECT where HTTPClient.Request.isLoopback(url):
            self.init(.unreachable, "nothing listens at \(server)")
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self.init(.unreachable, "\(server) cannot be reached: \(reason)")
        case CURLE_OPERATION_TIMEDOUT where !isSent:
            self.init(.unreachable, "no connection to \(server) in time: \(reason)")
        case CURLE_OPERATION_TIMEDOUT:
            let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18
            self.init(.timedOut, "no answer from \(server) within \(seconds) s")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            self.init(badURL: server)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR:
            self.init(.untrusted, "no trust between skein and \(server): \(reason)")
        default:
            self.init(.interrupted, "the exchange with \(server) failed: \(reason)")
        }
    }

    private static func text(_ outcome: CURLcode) -> String {
        skein_curl_error_text(Int32(bitPattern: outcome.rawValue)).map { String(cString: $0) } ?? "\(outcome.rawValue)"
    }

    public var description: String { message }
}
