internal import Synchronization

/// How many bytes of bodies all listeners of a group may hold at once.
final class InFlightBudget: Sendable {
    let byteCountMax: Int
    private let used = Atomic(0)

    init(byteCountMax: Int) {
        self.byteCountMax = byteCountMax
    }

    var byteCount: Int { used.load(ordering: .relaxed) }

    /// Takes `byteCount` out of the budget. False: there is too little left, and nothing was taken.
    func reserve(_ byteCount: Int) -> Bool {
        let total = used.wrappingAdd(byteCount, ordering: .relaxed).newValue
        if total <= byteCountMax { return true }
        used.wrappingSubtract(byteCount, ordering: .relaxed)
        return false
    }

    func release(_ byteCount: Int) {
        let rest = used.wrappingSubtract(byteCount, ordering: .relaxed).newValue
        precondition(rest >= 0, "what is released was reserved")
    }
}
