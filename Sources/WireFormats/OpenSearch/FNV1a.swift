/// The 64-bit FNV-1a hash, which Jaeger makes its document IDs with.
enum FNV1a {
    static let offsetBasis: UInt64 = 0xcbf2_9ce4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01b3

    /// - Parameter state: what the bytes before had; the basis for the first.
    static func hash(_ bytes: UnsafeRawBufferPointer, _ state: UInt64 = offsetBasis) -> UInt64 {
        bytes.reduce(state) { ($0 ^ UInt64($1)) &* prime }
    }

    /// Hashes many pieces of one memory. Each byte waits for the one before it, so that four pieces at once take about
    /// the time of one.
    /// - Parameters:
    ///   - pieces: within the bytes.
    ///   - body: called with the number of each piece and its hash, in any order.
    static func hash(
        _ bytes: UnsafeRawBufferPointer, pieces: [Range<Int>], _ body: (Int, UInt64) -> Void
    ) {
        guard let base = bytes.baseAddress else {
            for number in pieces.indices { body(number, offsetBasis) }
            return
        }
        var next = 0
        func take() -> Lane {
            guard next < pieces.count else { return Lane() }
            defer { next += 1 }
            let piece = pieces[next]
            precondition(piece.lowerBound >= 0 && piece.upperBound <= bytes.count, "a piece of the bytes")
            return Lane(number: next, at: base + piece.lowerBound, left: piece.count)
        }
        var lanes = (take(), take(), take(), take())
        func refill(_ lane: inout Lane) {
            while lane.number >= 0 && lane.left == 0 {
                body(lane.number, lane.state)
                lane = take()
            }
        }
        while true {
            refill(&lanes.0)
            refill(&lanes.1)
            refill(&lanes.2)
            refill(&lanes.3)
            let count = min(lanes.0.left, lanes.1.left, lanes.2.left, lanes.3.left)
            guard count > 0 else { break }
            advance(&lanes, by: count)
        }
        // Fewer than four are left.
        for lane in [lanes.0, lanes.1, lanes.2, lanes.3] where lane.number >= 0 {
            body(lane.number, hash(UnsafeRawBufferPointer(start: lane.at, count: lane.left), lane.state))
        }
    }

    /// One piece on its way.
    private struct Lane {
        /// Of the piece; -1 for none.
        var number = -1
        var at: UnsafeRawPointer
        var left = 0
        var state = FNV1a.offsetBasis

        init() { at = UnsafeRawPointer(bitPattern: 1)! }

        init(number: Int, at: UnsafeRawPointer, left: Int) {
            self.number = number
            self.at = at
            self.left = left
        }

        mutating func advance(to state: UInt64, by count: Int) {
            self.state = state
            at += count
            left -= count
        }
    }

    private static func advance(_ lanes: inout (Lane, Lane, Lane, Lane), by count: Int) {
        var a = lanes.0.state
        var b = lanes.1.state
        var c = lanes.2.state
        var d = lanes.3.state
        let bytesA = lanes.0.at
        let bytesB = lanes.1.at
        let bytesC = lanes.2.at
        let bytesD = lanes.3.at
        for index in 0..<count {
            a = (a ^ UInt64(bytesA.load(fromByteOffset: index, as: UInt8.self))) &* prime
            b = (b ^ UInt64(bytesB.load(fromByteOffset: index, as: UInt8.self))) &* prime
            c = (c ^ UInt64(bytesC.load(fromByteOffset: index, as: UInt8.self))) &* prime
            d = (d ^ UInt64(bytesD.load(fromByteOffset: index, as: UInt8.self))) &* prime
        }
        lanes.0.advance(to: a, by: count)
        lanes.1.advance(to: b, by: count)
        lanes.2.advance(to: c, by: count)
        lanes.3.advance(to: d, by: count)
    }
}
