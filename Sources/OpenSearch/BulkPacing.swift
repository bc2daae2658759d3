/// How much is sent at once: a little more after each success, half after the cluster pushed back; first fewer
/// requests, then smaller ones.
struct BulkPacing {
    private let requestCountMax: Double
    private let byteCountMax: Int
    /// What the cluster or a proxy before it takes at most.
    private var byteCountCeiling: Int
    private var requestCountLimit: Double
    /// Of the body of a request, before it is packed.
    private(set) var byteCountLimit: Int
    /// Changes with each reduction: a request that was sent before one says nothing of what came of it.
    private(set) var generation = 0

    static let byteCountMin = 128 << 10

    init(_ options: BulkOptions) {
        requestCountMax = Double(max(1, options.requestCountMax))
        byteCountMax = max(Self.byteCountMin, options.byteCountMax)
        byteCountCeiling = byteCountMax
        requestCountLimit = requestCountMax
        byteCountLimit = byteCountMax
    }

    /// Requests that may be under way.
    var requestCount: Int { Int(requestCountLimit) }

    mutating func succeeded() {
        if byteCountLimit < byteCountCeiling {
            byteCountLimit = min(byteCountCeiling, byteCountLimit + byteCountMax / 16)
        } else {
            requestCountLimit = min(requestCountMax, requestCountLimit + 1 / requestCountLimit)
        }
    }

    /// - Parameter generation: when the request was sent.
    mutating func pushedBack(generation: Int) {
        guard generation == self.generation else { return }
        self.generation += 1
        if requestCountLimit > 1 {
            requestCountLimit = max(1, requestCountLimit / 2)
        } else {
            byteCountLimit = max(min(Self.byteCountMin, byteCountCeiling), byteCountLimit / 2)
        }
    }

    /// A request of several documents with this body was too large.
    mutating func tooLarge(byteCount: Int) {
        byteCountCeiling = max(1, min(byteCountCeiling, byteCount / 2))
        byteCountLimit = min(byteCountLimit, byteCountCeiling)
    }
}
