/// A result that one thread waits for and another brings.
public final class Waiting<Value: Sendable>: Sendable {
    private let condition = ThreadCondition()
    /// Guarded by the condition.
    private nonisolated(unsafe) var value: Value?

    public init() {}

    /// Called once, from any thread.
    public func finish(_ value: Value) { condition.signal { self.value = value } }

    public func wait() -> Value {
        while true {
            if let value = condition.wait(seconds: 3600, until: { value }) { return value }
        }
    }
}
