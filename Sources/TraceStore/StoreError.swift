/// Why the store could not do what was asked.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case inUse  // another process has the folder
        case unsupportedFormat  // written by a newer release: nothing was touched
        case corrupt  // a checksum or length did not match: the part is left out, the rest is served
        case timedOut  // a query took longer than it may
        case cancelled  // nobody waits for the answer of a query
        case unusable  // the folder cannot be made, read or written
        case unreachable  // a cluster does not answer, or not as it should: again later
        case unsupported  // this kind of store cannot know
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
