/// Why a segment could not be read.
public struct SegmentError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case corrupt  // a checksum, length or number is not what it has to be: this part is lost, the rest is not
        case unsupportedFormat  // written by a newer release
        case diskFull
        case unreadable  // the operating system refused
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
