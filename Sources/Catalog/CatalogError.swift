internal import GRDB

/// Why the catalog could not do what was asked.
public struct CatalogError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case unsupportedFormat  // written by a newer release: nothing was touched
        case corrupt  // no catalog, or a damaged one: remove its files and rebuild it from the segments
        case diskFull
        case failed  // the system or SQLite refused; the change was not made
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public init(code: Code, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}

extension CatalogError {
    /// What a failure of SQLite means for the catalog.
    init(_ action: String, _ path: String, _ error: any Error) {
        if let error = error as? CatalogError {
            self = error
            return
        }
        // What is no error of SQLite is a value that cannot stand where it was found.
        var code = Code.corrupt
        if let error = error as? DatabaseError {
            code =
                switch error.resultCode.primaryResultCode {
                case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupt
                case .SQLITE_FULL: .diskFull
                default: .failed
                }
        }
        self.init(code: code, message: "catalog \(path): \(action): \(error)", cause: error)
    }
}
