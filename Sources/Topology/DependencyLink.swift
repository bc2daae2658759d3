/// How often one service called another.
public struct DependencyLink: Hashable, Sendable {
    /// The caller's name.
    public var parent: String
    /// The name of the service called, or of the broker or database.
    public var child: String
    public var callCount: Int
    /// Of the calls, those that failed.
    public var errorCount: Int

    public init(parent: String, child: String, callCount: Int, errorCount: Int) {
        self.parent = parent
        self.child = child
        self.callCount = callCount
        self.errorCount = errorCount
    }
}
