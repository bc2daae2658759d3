internal import Bytes
internal import Synchronization
public import TraceModel

/// Adaptive sampling: for each operation that begins traces, the probability with which about so many of them are
/// sampled in a second as are wanted.
///
/// Counts the first spans of traces as they arrive, each with the weight of the probability that its SDK says it used
/// (`sampler.type` and `sampler.param`, or `ot=th` in its trace state), and once in a round, a minute by default, sets
/// the probabilities anew; `OperationRate` has the rule. Nothing is kept over a restart: an operation then begins with
/// the probability that its first span tells, which is the one that SDKs still use, or else with the initial one.
///
/// What several servers receive is counted by each for itself: behind a balancer, each gets its part of the target.
public final class OperationRates: Sendable {
    fileprivate struct Operation {
        let service: String
        let name: String
        let hash: UInt64
        var rate: OperationRate
    }

    fileprivate struct State {
        var operations: [Operation] = []
        /// Places in `operations`.
        var placeByHash: [UInt64: Int] = [:]
        var placesByService: [String: [Int]] = [:]
        /// Nanoseconds since 1970.
        var roundStart: Int64
    }

    private let target: Double
    private let initialProbability: Double
    private let interval: Int64
    private let operationCountMax: Int
    private let state: Mutex<State>
    /// Nobody outside can know which names share a hash.
    private let seed = UInt64.random(in: .min ... .max)

    /// Operations in one answer, those with most traces; SDKs take no more.
    public static let answeredOperationCountMax = 2000
    /// Of one name; operations with longer ones keep the initial probability.
    static let nameByteCountMax = 512
    /// Rounds after which an operation of which nothing comes is forgotten.
    static let quietRoundCountMax = 60
    /// Traces a second that each operation keeps, if the target is not lower, so that rare ones are seen: one a minute.
    public static let lowerBound = 1.0 / 60

    /// - Parameters:
    ///   - target: sampled traces a second of each operation; more than 0.
    ///   - initialProbability: of operations of which nothing is known yet.
    ///   - interval: the length of a round in nanoseconds.
    ///   - now: nanoseconds since 1970.
    public init(
        target: Double, initialProbability: Double, interval: Int64 = 60_000_000_000, now: Int64,
        operationCountMax: Int = 10_000
    ) {
        precondition(target > 0 && interval > 0 && operationCountMax > 0, "a target and a round to reach it in")
        self.target = target
        self.initialProbability = initialProbability
        self.interval = interval
        self.operationCountMax = operationCountMax
        state = Mutex(State(roundStart: now))
    }

    /// Counts the traces that begin in a batch, as it arrived: before anything of it is sampled away.
    /// - Parameter now: nanoseconds since 1970.
    public func note(_ batch: SpanBatch, now: Int64) {
        let parents = batch.pointers.parentIDs
        let shapes = batch.shapeColumn
        guard let first = (0..<batch.spanCount).first(where: { parents[$0] == 0 }) else { return }
        var tallies = [ShapeTally?](repeating: nil, count: batch.shapeCount)
        for row in first..<batch.spanCount where parents[row] == 0 {
            let index = Int(shapes[row])
            if tallies[index] == nil { tallies[index] = ShapeTally(SamplerFacts(batch.shape(index), of: batch)) }
            tallies[index]?.note(batch.values(ofRow: row), of: batch)
        }
        state.withLock { state in
            endRoundIfDue(&state, now)
            for (index, tally) in tallies.enumerated() {
                guard let tally else { continue }
                add(tally.tally, of: batch.shape(index), batch, &state)
            }
        }
    }

    /// What SDKs of a service are to do.
    /// - Parameter now: nanoseconds since 1970.
    public func strategy(of service: String, now: Int64) -> RemoteStrategy {
        var operations = state.withLock { state in
            endRoundIfDue(&state, now)
            return (state.placesByService[service] ?? []).map { state.operations[$0] }
        }
        if operations.count > Self.answeredOperationCountMax {
            operations.sort { $0.rate.lastArrivalCount > $1.rate.lastArrivalCount }
            operations.removeSubrange(Self.answeredOperationCountMax...)
        }
        return RemoteStrategy(
            .probabilistic(initialProbability),
            operations: OperationStrategies(
                defaultProbability: initialProbability, lowerBound: min(Self.lowerBound, target),
                operations: operations.map { .init(name: $0.name, probability: $0.rate.probability) }))
    }

    /// Operations that are known.
    public var operationCount: Int { state.withLock { $0.operations.count } }

    // MARK: Details

    /// What the spans of one shape add.
    private struct ShapeTally {
        private var facts: SamplerFacts
        private(set) var tally = OperationRate.Tally()

        init(_ facts: SamplerFacts) { self.facts = facts }

        mutating func note(_ words: UnsafePointer<UInt32>, of batch: SpanBatch) {
            tally.note(facts.told(words, of: batch))
        }
    }

    private func add(
        _ tally: OperationRate.Tally, of shape: SpanShape, _ batch: SpanBatch, _ state: inout State
    ) {
        // The server's half of a shared span does not begin a trace; one to be kept in any case was not chosen.
        guard !shape.traits.isShared, !shape.traits.isDebug else { return }
        let service = batch.string(shape.serviceName)
        let name = batch.string(shape.operationName)
        guard service.count <= Self.nameByteCountMax, name.count <= Self.nameByteCountMax else { return }
        let hash = ByteHash.hash(name, seed: ByteHash.hash(service, seed: seed))
        if let place = state.placeByHash[hash] {
            let operation = state.operations[place]
            guard operation.service.utf8.elementsEqual(service), operation.name.utf8.elementsEqual(name) else { return }
            state.operations[place].rate.add(tally)
            return
        }
        if state.operations.count >= operationCountMax { forgetLeastUsed(&state) }
        let probability = tally.toldProbability ?? initialProbability
        var operation = Operation(
            service: String(decoding: service, as: UTF8.self), name: String(decoding: name, as: UTF8.self), hash: hash,
            rate: OperationRate(probability: probability))
        operation.rate.add(tally)
        state.insert(operation)
    }

    /// Makes room for an eighth.
    private func forgetLeastUsed(_ state: inout State) {
        let keptCount = operationCountMax - max(operationCountMax / 8, 1)
        state.replace(
            Array(state.operations.sorted { $0.rate.arrivalCount > $1.rate.arrivalCount }.prefix(keptCount)))
    }

    private func endRoundIfDue(_ state: inout State, _ now: Int64) {
        let (elapsed, overflow) = now.subtractingReportingOverflow(state.roundStart)
        // The clock was set back: the round begins again.
        guard !overflow, elapsed >= 0 else {
            state.roundStart = now
            return
        }
        guard elapsed >= interval else { return }
        state.roundStart = now
        for place in state.operations.indices {
            state.operations[place].rate.endRound(target: target, seconds: Double(elapsed) / 1e9)
        }
        if state.operations.contains(where: { $0.rate.quietRoundCount >= Self.quietRoundCountMax }) {
            state.replace(state.operations.filter { $0.rate.quietRoundCount < Self.quietRoundCountMax })
        }
    }
}

extension OperationRates.State {
    fileprivate mutating func insert(_ operation: OperationRates.Operation) {
        placeByHash[operation.hash] = operations.count
        placesByService[operation.service, default: []].append(operations.count)
        operations.append(operation)
    }

    fileprivate mutating func replace(_ kept: [OperationRates.Operation]) {
        operations = []
        placeByHash = [:]
        placesByService = [:]
        for operation in kept { insert(operation) }
    }
}
