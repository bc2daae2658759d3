/// Why the system refused a call on a file.
public struct FileSystemError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case diskFull  // no room, or the quota is used up
        case inputOutput  // the device failed
        case notFound
        case alreadyExists
        case notPermitted  // also a file system mounted for reading only
        case tooManyOpenFiles
        case locked  // another process holds the lock
        case other
    }

    public let operation: String
    /// Empty where only the open file is known.
    public let path: String
    public let code: Code
    /// The system's number of the error (errno).
    public let number: Int32
    public let detail: String

    public init(operation: String, path: String, code: Code, number: Int32, detail: String) {
        self.operation = operation
        self.path = path
        self.code = code
        self.number = number
        self.detail = detail
    }

    public var description: String {
        path.isEmpty ? "\(operation): \(detail)" : "\(operation) \(path): \(detail)"
    }
}
