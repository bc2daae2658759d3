/// How bulk requests are sent.
public struct BulkOptions: Sendable, Equatable {
    /// Requests under way at once.
    public var requestCountMax = 4
    /// Larger bodies are sent in parts, before they are packed.
    public var byteCountMax = 5 << 20
    /// How long to wait after the first failure; doubled, with chance, up to the longest.
    public var backoffMin: Duration = .milliseconds(200)
    public var backoffMax: Duration = .seconds(30)

    public init() {}
}
