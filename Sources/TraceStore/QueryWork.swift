/// What one query may cost. It is asked at each step of a long work, and ends it when its time is up or when nobody
/// waits for its answer any more.
public final class QueryWork: Sendable {
    /// Nil: there is time.
    package let deadline: ContinuousClock.Instant?
    private let isWanted: @Sendable () -> Bool

    /// - Parameter isWanted: asked often, from the thread of the query; false once nobody waits.
    public init(deadline: ContinuousClock.Instant? = nil, isWanted: @escaping @Sendable () -> Bool = { true }) {
        self.deadline = deadline
        self.isWanted = isWanted
    }

    /// The same for a part of the work, which has no longer than this.
    public func limited(to time: Duration) -> QueryWork {
        let own = ContinuousClock.now + time
        return QueryWork(deadline: deadline.map { min($0, own) } ?? own, isWanted: isWanted)
    }

    /// - Throws: `timedOut` or `cancelled`, once the query has to end.
    public func check() throws(StoreError) {
        guard isWanted() else { throw StoreError(.cancelled, "nobody waits for the answer") }
        if let deadline, ContinuousClock.now >= deadline {
            throw StoreError(.timedOut, "the query took longer than it may")
        }
    }
}
