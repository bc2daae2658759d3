/// The 64-bit FNV-1a hash, which Jaeger makes its document IDs with.
enum FNV1a {
    static let offsetBasis: UInt64 = 0xcbf2_9ce4_8422_2325
    static let prime: UInt64 = 0x100_0000_01b3

    /// - Parameter state: what the bytes before had; the basis for the first.
    static func hash(_ bytes: UnsafeRawBufferPointer, _ state: UInt64 = offsetBasis) -> UInt64 {
        bytes.reduce(state) { ($0 ^ UInt64($1)) &* prime }
    }
}

/// The hashes of documents that are written one behind the other.
///
/// Each byte waits for the one before it, so that four documents at once take about the time of one; and they are taken
/// while they are still near the processor.
struct DocumentHashes {
    /// Documents that are not begun, by the places of their bytes.
    private var waiting: [Range<Int>] = []
    private var lanes = (Lane(), Lane(), Lane(), Lane())

    private static let worthwhileCount = 16

    /// One document on its way.
    private struct Lane {
        /// Place of its first byte; -1 for none.
        var first = -1
        var at = 0
        var left = 0
        var state = FNV1a.offsetBasis

        mutating func advance(to state: UInt64, by count: Int) {
            self.state = state
            at &+= count
            left &-= count
        }
    }

    /// Whether all is done.
    var isEmpty: Bool {
        waiting.isEmpty && lanes.0.first < 0 && lanes.1.first < 0 && lanes.2.first < 0 && lanes.3.first < 0
    }

    /// Whether `run` has enough to do.
    var isWorthwhile: Bool { waiting.count >= Self.worthwhileCount }

    mutating func add(_ document: Range<Int>) { waiting.append(document) }

    mutating func removeAll() { self = DocumentHashes() }

    /// Goes on as long as there are four documents to go on with.
    /// - Parameters:
    ///   - bytes: what the places mean; where they lie in memory may have changed since the last time.
    ///   - isLast: goes on to the end of all.
    ///   - body: called with the place of a document's first byte and its hash, in any order.
    mutating func run(_ bytes: UnsafeRawBufferPointer, isLast: Bool, _ body: (Int, UInt64) -> Void) {
        var next = 0
        func refill(_ lane: inout Lane) {
            while lane.left == 0 {
                if lane.first >= 0 { body(lane.first, lane.state) }
                lane = Lane()
                guard next < waiting.count else { return }
                let document = waiting[next]
                precondition(document.lowerBound >= 0 && document.upperBound <= bytes.count, "a document of the bytes")
                lane.first = document.lowerBound
                lane.at = document.lowerBound
                lane.left = document.count
                next += 1
            }
        }
        while true {
            refill(&lanes.0)
            refill(&lanes.1)
            refill(&lanes.2)
            refill(&lanes.3)
            let count = min(lanes.0.left, lanes.1.left, lanes.2.left, lanes.3.left)
            guard count > 0, let base = bytes.baseAddress else { break }
            advance(base, by: count)
        }
        waiting.removeFirst(next)
        guard isLast else { return }
        for lane in [lanes.0, lanes.1, lanes.2, lanes.3] where lane.first >= 0 {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[lane.at..<lane.at + lane.left])
            body(lane.first, FNV1a.hash(rest, lane.state))
        }
        removeAll()
    }

    private mutating func advance(_ base: UnsafeRawPointer, by count: Int) {
        var a = lanes.0.state
        var b = lanes.1.state
        var c = lanes.2.state
        var d = lanes.3.state
        let bytesA = base + lanes.0.at
        let bytesB = base + lanes.1.at
        let bytesC = base + lanes.2.at
        let bytesD = base + lanes.3.at
        for index in 0..<count {
            a = (a ^ UInt64(bytesA.load(fromByteOffset: index, as: UInt8.self))) &* FNV1a.prime
            b = (b ^ UInt64(bytesB.load(fromByteOffset: index, as: UInt8.self))) &* FNV1a.prime
            c = (c ^ UInt64(bytesC.load(fromByteOffset: index, as: UInt8.self))) &* FNV1a.prime
            d = (d ^ UInt64(bytesD.load(fromByteOffset: index, as: UInt8.self))) &* FNV1a.prime
        }
        lanes.0.advance(to: a, by: count)
        lanes.1.advance(to: b, by: count)
        lanes.2.advance(to: c, by: count)
        lanes.3.advance(to: d, by: count)
    }
}
