internal import Glibc
internal import Logging
internal import Synchronization

/// What a cluster is shown with each request: the value of the `Authorization` header.
///
/// A secret that stands in a file is read again when the file changes.
final class Credentials: Sendable {
    private enum Kind: Sendable {
        case basic(username: String)
        case apiKey
        case bearer
    }

    private struct Loaded {
        var header: String
        /// Of the file; nil without one.
        var version: FileVersion?
        var checkedAt: UInt64
        /// The file could not be read lately.
        var isStale = false
    }

    private let kind: Kind
    private let path: String?
    private let loaded: Mutex<Loaded>
    private let logger: Logger
    /// A file is looked at no more often.
    private static let checkNanoseconds: UInt64 = 1_000_000_000

    /// - Returns: nil if the options have none.
    static func make(_ options: OpenSearchOptions, _ logger: Logger) throws(OpenSearchError) -> Credentials? {
        var found: [Credentials] = []
        if let username = options.username {
            let secret = options.password ?? (options.passwordFile == nil ? Secret("") : nil)
            found += try make(.basic(username: username), "password", secret, options.passwordFile, logger)
        } else if options.password != nil || options.passwordFile != nil {
            throw OpenSearchError(.badOptions, "a password for OpenSearch without a username")
        }
        found += try make(.apiKey, "API key", options.apiKey, options.apiKeyFile, logger)
        found += try make(.bearer, "bearer token", options.bearerToken, options.bearerTokenFile, logger)
        guard found.count <= 1 else {
            throw OpenSearchError(
                .badOptions, "OpenSearch takes one of username, API key and bearer token; more than one is given")
        }
        return found.first
    }

    private static func make(
        _ kind: Kind, _ name: String, _ secret: Secret?, _ path: String?, _ logger: Logger
    ) throws(OpenSearchError) -> [Credentials] {
        guard secret != nil || path != nil else { return [] }
        guard secret == nil || path == nil else {
            throw OpenSearchError(.badOptions, "OpenSearch's \(name) is given twice: as it is, and as a file")
        }
        return [try Credentials(kind, name, secret, path, logger)]
    }

    private init(
        _ kind: Kind, _ name: String, _ secret: Secret?, _ path: String?, _ logger: Logger
    ) throws(OpenSearchError) {
        self.kind = kind
        self.path = path
        self.logger = logger
        let text: String
        var version: FileVersion?
        if let path {
            version = FileVersion(path: path)
            text = try Self.read(path)
        } else {
            text = secret?.text ?? ""
        }
        guard let header = Self.header(kind, text) else {
            throw OpenSearchError(.badOptions, "OpenSearch's username or \(name) has characters that cannot be sent")
        }
        loaded = Mutex(Loaded(header: header, version: version, checkedAt: 0))
    }

    /// Of a name and password that stand in a URL.
    static func header(username: String, password: String) -> String? {
        header(.basic(username: username), password)
    }

    /// - Parameter isUrgent: the cluster just refused the last one: look at the file even if that was done just now.
    func header(now: UInt64, isUrgent: Bool = false) -> String {
        loaded.withLock { loaded in
            guard let path, isUrgent || now >= loaded.checkedAt + Self.checkNanoseconds else { return loaded.header }
            loaded.checkedAt = now
            let version = FileVersion(path: path)
            guard version != loaded.version || loaded.isStale else { return loaded.header }
            do throws(OpenSearchError) {
                guard let header = Self.header(kind, try Self.read(path)) else {
                    throw OpenSearchError(.badOptions, "\(path) has characters that cannot be sent")
                }
                loaded = Loaded(header: header, version: version, checkedAt: now)
            } catch {
                if !loaded.isStale { logger.warning("\(error.message); what was read before stays in use") }
                loaded.isStale = true
            }
            return loaded.header
        }
    }

    private static func header(_ kind: Kind, _ secret: String) -> String? {
        switch kind {
        case .basic(let username):
            guard !username.contains(":") else { return nil }
            return "Basic " + base64(Array("\(username):\(secret)".utf8))
        case .apiKey, .bearer:
            guard !secret.isEmpty, secret.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
            if case .apiKey = kind { return "ApiKey " + secret }
            return "Bearer " + secret
        }
    }

    /// The text of a file, without white space at its end.
    private static func read(_ path: String) throws(OpenSearchError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw OpenSearchError(.badOptions, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        var count = 0
        while count < bytes.count {
            let taken = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, $0.count - count) }
            if taken < 0 && errno == EINTR { continue }
            guard taken > 0 else { break }
            count += taken
        }
        guard count < bytes.count, let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw OpenSearchError(.badOptions, "\(path) holds no secret: it is too long, or no text")
        }
        return String(text.reversed().drop { $0.isWhitespace }.reversed())
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let piece = bytes[start..<min(start + 3, bytes.count)]
            var group: UInt32 = 0
            for offset in 0..<3 { group = group << 8 | (offset < piece.count ? UInt32(piece[start + offset]) : 0) }
            for digit in 0..<4 {
                result.append(
                    digit <= piece.count ? alphabet[Int(group >> (18 - 6 * UInt32(digit)) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Tells one content of a file from the next: files that are replaced, and those written again.
private struct FileVersion: Equatable {
    private let number: UInt64
    private let seconds: Int
    private let nanoseconds: Int
    private let byteCount: Int

    /// Nil if there is no such file.
    init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        number = UInt64(information.st_ino)
        seconds = information.st_mtim.tv_sec
        nanoseconds = information.st_mtim.tv_nsec
        byteCount = Int(information.st_size)
    }
}
