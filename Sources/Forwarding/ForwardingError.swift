/// Why spans cannot be handed on, or what was not handed on cannot be dealt with.
public struct ForwardingError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case badOptions  // nothing can be handed on as configured
        case deadLettersFull  // there is no room for another refused document
        case unusable  // files cannot be read or written, or the store cannot be asked
        case stopped  // before it was done
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
