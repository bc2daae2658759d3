/// Why a body could not be decoded; nothing of it is to be kept.
public struct DecodeError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case malformed  // breaks the rules of its format
        case otherFormat  // well-formed perhaps, but of another format than this decoder's
        case tooManySpans
        case tooManyAttributes  // in one span
        case tooLarge  // more bytes or strings than a batch can hold
    }

    public let code: Code
    /// What is wrong and where, to be sent back as the reason of the refusal.
    public let message: String
    /// First byte that is wrong, counted from the start of the body.
    public let offset: Int

    public init(_ code: Code, _ message: String, offset: Int) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    public var description: String { message }
}
