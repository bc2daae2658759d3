/// Why a file of credentials cannot be used.
public struct CredentialError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case unreadable  // missing, not permitted, no regular file, too large
        case malformed  // a line that is no credential
        case empty  // no credential in it: nobody could come in
    }
    public let code: Code
    /// Which file and line, and what is wrong there; never what the line says.
    public let message: String

    public var description: String { message }
}

/// A text file of those who may send or ask, one a line: `basic USER:PASSWORD` or `bearer TOKEN`.
///
/// Empty lines and lines that begin with `#` say nothing; white space around a line does not count. Text is UTF-8.
/// The file may be replaced while it is in use: `reloadIfChanged`, called now and then, takes the new one.
public final class CredentialFile: Sendable {
    private struct Loaded {
        let table: CredentialTable
        let warnings: [String]
    }

    private let loaded: FileBackedValue<Loaded, CredentialError>

    static let credentialCountMax = 1000
    private static let realm = "skein"

    /// Reads the file. Blocks shortly.
    public init(path: String) throws(CredentialError) {
        loaded = try FileBackedValue(paths: [path]) { () throws(CredentialError) in
            try Self.load(path)
        }
    }

    /// What is dubious about the file in force: that everybody may read it.
    public var warnings: [String] { loaded.current.warnings }

    public var credentialCount: Int { loaded.current.table.credentialCount }

    /// Whether `authorization`, the value of the request's field, is one of the file's credentials. The time that it
    /// takes tells nothing about them.
    public func allows(authorization: Span<UInt8>) -> Bool {
        loaded.current.table.contains(authorization: authorization)
    }

    /// The values of `www-authenticate` for an answer 401, one for each scheme that the file knows.
    public var challenges: [String] {
        let table = loaded.current.table
        return (table.holds(.basic) ? ["Basic realm=\"\(Self.realm)\", charset=\"UTF-8\""] : [])
            + (table.holds(.bearer) ? ["Bearer realm=\"\(Self.realm)\""] : [])
    }

    /// Takes the file anew if it is no longer the same. Blocks shortly: not for event loops.
    public func reloadIfChanged() -> ReloadOutcome { loaded.reloadIfChanged() }

    // MARK: Loading

    private static func load(_ path: String) throws(CredentialError) -> Loaded {
        let file: SecurityFile
        do {
            file = try SecurityFile(path: path)
        } catch {
            throw CredentialError(code: .unreadable, message: "credential file \(path): \(error.reason)")
        }
        var credentials: [(scheme: CredentialTable.Scheme, secret: [UInt8])] = []
        let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
        let text = file.bytes.starts(with: byteOrderMark) ? file.bytes.dropFirst(3) : file.bytes[...]
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            do {
                guard let credential = try credential(trimmed(line)) else { continue }
                credentials.append(credential)
            } catch {
                throw CredentialError(
                    code: .malformed, message: "credential file \(path), line \(index + 1): \(error.reason)")
            }
        }
        guard !credentials.isEmpty else {
            throw CredentialError(code: .empty, message: "credential file \(path): it holds no credential")
        }
        guard credentials.count <= credentialCountMax else {
            throw CredentialError(
                code: .malformed,
                message: "credential file \(path): it holds more than \(credentialCountMax) credentials")
        }
        let warning = "credential file \(path): every account of this machine may read it"
        return Loaded(table: CredentialTable(credentials), warnings: file.isReadableByOthers ? [warning] : [])
    }

    private struct LineFailure: Error {
        let reason: String
    }

    private static func credential(
        _ line: ArraySlice<UInt8>
    ) throws(LineFailure) -> (scheme: CredentialTable.Scheme, secret: [UInt8])? {
        guard let first = line.first, first != UInt8(ascii: "#") else { return nil }
        guard line.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == ASCII.tab }) else {
            throw LineFailure(reason: "a control character is in it")
        }
        let scheme = line.prefix { !isBlank($0) }
        let secret = trimmed(line.dropFirst(scheme.count))
        switch String(decoding: scheme, as: UTF8.self).lowercased() {
        case "basic":
            guard let colon = secret.firstIndex(of: UInt8(ascii: ":")), colon > secret.startIndex,
                colon + 1 < secret.endIndex
            else { throw LineFailure(reason: "'basic' must be followed by USER:PASSWORD") }
            return (.basic, unpaddedBase64(secret))
        case "bearer":
            guard !secret.isEmpty, !secret.contains(where: isBlank) else {
                throw LineFailure(reason: "'bearer' must be followed by one token without blanks")
            }
            guard secret.allSatisfy({ $0 < 128 }) else {
                throw LineFailure(reason: "a token may hold ASCII characters only")
            }
            return (.bearer, Array(secret))
        default:
            throw LineFailure(reason: "it begins neither with 'basic' nor with 'bearer'")
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab
    }

    /// Without white space around it, nor the end of a line as Windows writes it.
    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        if line.last == 13 { line.removeLast() }
        while let last = line.last, isBlank(last) { line.removeLast() }
        return line.drop(while: isBlank)
    }
}
