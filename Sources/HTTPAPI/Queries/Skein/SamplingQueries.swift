public import NetworkServer
public import Sampling
internal import Threads
package import TraceModel
public import TraceStore

/// The part of the program's own query API that tells what policies of sampling do: to one trace, or, as a simulation,
/// to all that is stored. Changes nothing.
public struct SamplingQueries: Sendable {
    /// What is served.
    package enum Route: CaseIterable {
        case simulate, explain, explainWith

        package var method: HTTPMethod { self == .explain ? .get : .post }

        package var pattern: String {
            switch self {
            case .simulate: "/api/skein/v1/sampling/simulate"
            case .explain, .explainWith: "/api/skein/v1/sampling/explain"
            }
        }
    }

    private let store: any QueryableStore
    private let simulated: TraceStore?
    private let policies: @Sendable () -> PolicyDocument
    private let parse: @Sendable (_ text: String) throws -> PolicyDocument
    private let limits: QueryLimits

    /// - Parameters:
    ///   - simulated: what simulations are over; nil where spans are not stored here.
    ///   - policies: those in force.
    ///   - parse: reads a document of policies; what it throws describes everything that is wrong with the text.
    public init(
        store: any QueryableStore, simulated: TraceStore?, policies: @escaping @Sendable () -> PolicyDocument,
        parse: @escaping @Sendable (_ text: String) throws -> PolicyDocument, limits: QueryLimits
    ) {
        self.store = store
        self.simulated = simulated
        self.policies = policies
        self.parse = parse
        self.limits = limits
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.onSkein(route.method, route.pattern) { request, path in
                try answer(route, QueryCall(request, path, limits))
            }
        }
    }

    private func answer(_ route: Route, _ call: QueryCall) throws -> HTTPResponse {
        let parameters = call.parameters
        switch route {
        case .simulate:
            try SkeinQueryParameters.checkNames(parameters, ["since", "until", "service"])
            let window = try TopologyParameters.window(parameters, now: SystemClock.nanosecondsSince1970())
            let document = try document(call.request)
            guard let simulated else {
                throw StoreError(.unsupported, "policies are simulated only over spans that are stored here")
            }
            do {
                return try SkeinAnswer.json(
                    try Self.simulate(
                        document, simulated, within: window.lowerBound...(window.upperBound - 1),
                        serviceName: parameters.text("service"), call.work))
            } catch let error as StoreError where error.code == .timedOut {
                throw StoreError(.timedOut, "the simulation took longer than a query may: narrow the window")
            }
        case .explain, .explainWith:
            try SkeinQueryParameters.checkNames(parameters, ["trace"])
            guard let text = parameters.text("trace") else { throw QueryError("trace: missing") }
            let traceID = try SkeinQueryParameters.traceID(text)
            let document = route == .explain ? policies() : try document(call.request)
            return try SkeinAnswer.json(try Self.explain(traceID, document, store, call.work))
        }
    }

    // MARK: Policies

    private static let textByteCountMax = 64 << 10
    private static let aliasCountMax = 16

    /// - Throws: `QueryError` with every problem, a line each.
    private func document(_ request: HTTPRequest) throws -> PolicyDocument {
        guard request.body.byteCount <= Self.textByteCountMax else {
            throw QueryError("policies: more than \(Self.textByteCountMax / 1024) KiB")
        }
        guard let text = request.body.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
            throw QueryError("policies: no text in UTF-8")
        }
        guard Self.aliasCount(text) <= Self.aliasCountMax else {
            throw QueryError("policies: more than \(Self.aliasCountMax) aliases such as *name")
        }
        do {
            return try parse(text)
        } catch {
            throw QueryError("\(error)")
        }
    }

    /// Aliases of aliases make a small text a large one; what looks like one counts.
    private static func aliasCount(_ text: String) -> Int {
        var count = 0
        var before = UInt8(ascii: " ")
        for byte in text.utf8 {
            let isStart = before <= 0x20 || [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ",")].contains(before)
            if byte == UInt8(ascii: "*"), isStart || before == UInt8(ascii: ":") { count += 1 }
            before = byte
        }
        return count
    }

    // MARK: Answers

    /// - Parameters:
    ///   - window: of the traces' starts, in nanoseconds since 1970.
    ///   - progress: called with the spans passed and, about, all there are.
    package static func simulate(
        _ document: PolicyDocument, _ store: TraceStore, within window: ClosedRange<Int64>, serviceName: String?,
        _ work: QueryWork, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> SimulationReport {
        let simulation = SamplingSimulation(document)
        try store.forEachTrace(startingWithin: window, serviceName: serviceName, work, progress: progress) { spans in
            simulation.add(spans)
        }
        return simulation.finish(bytesPerSpan: store.byteCountPerSpan)
    }

    private static let explainedSpanCountMax = 200_000

    package static func explain(
        _ traceID: TraceID, _ document: PolicyDocument, _ store: any QueryableStore, _ work: QueryWork
    ) throws -> SamplingExplanation {
        var spans: [SpanView] = []
        var isCut = false
        if let cursor = try store.openTrace(traceID, work) {
            isCut = cursor.spanCount > explainedSpanCountMax
            while spans.count < explainedSpanCountMax, let piece = try cursor.next() {
                try work.check()
                spans += piece.spans
            }
        }
        var explanation = SamplingExplanation(traceID, spans, document)
        if isCut { explanation.notes.append("only the first \(spans.count) spans were looked at") }
        return explanation
    }
}
