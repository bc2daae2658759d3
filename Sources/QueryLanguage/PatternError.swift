/// Why a text is no pattern.
public struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    /// Of the first byte that is wrong, from 0.
    public let offset: Int

    public var description: String { "\(message) at byte \(offset)" }
}
