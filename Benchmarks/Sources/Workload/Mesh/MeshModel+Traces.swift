/// What a request meets on its way; decides how many spans its trace has.
struct MeshRoute {
    /// 1, 2 or 3.
    let version: Int
    /// The page asks for ratings itself as well.
    let asksRatings: Bool
    /// Answers 503 of reviews: 0, 1 (then asked again) or 2.
    let failedReviews: Int
    let isPageFailure: Bool
    let isDetailMissing: Bool

    init(_ generator: inout SeededGenerator) {
        let bits = generator.next()
        let share = Int(truncatingIfNeeded: (bits & 0xFFFF) &* 100) >> 16
        let fate = Int(truncatingIfNeeded: ((bits >> 16) & 0xFFFF) &* 1_000) >> 16
        version = share < 20 ? 1 : share < 60 ? 2 : 3
        failedReviews = fate < 10 ? 1 : fate < 14 ? 2 : 0
        isPageFailure = fate >= 14 && fate < 17
        isDetailMissing = fate >= 17 && fate < 25
        asksRatings = version > 1 && fate >= 25 && (bits >> 32) & 3 == 0
    }

    var hasReviews: Bool { failedReviews < 2 }
    /// Whether the reviews answer holds ratings.
    var hasRatings: Bool { version > 1 && hasReviews }

    /// Gateway 2, page 1, details 2; and 2 for each call beyond these.
    var spanCount: Int {
        5 + 2 * (failedReviews + (hasReviews ? 1 : 0) + (hasRatings ? 1 : 0) + (asksRatings ? 1 : 0))
    }
}

extension MeshModel {
    /// Appends the spans of a trace, every parent before its children.
    func plan(_ generator: SeededGenerator, start: Int64, into spans: inout [SpanRecord]) {
        var generator = generator
        let route = MeshRoute(&generator)
        var planner = MeshTracePlanner(model: self, route: route, generator: generator)
        planner.run(start: start, into: &spans)
    }
}

/// The making of one trace.
private struct MeshTracePlanner {
    /// Durations of both sides of a call, microseconds.
    private struct Call {
        var client: Int64 = 0
        var server: Int64 = 0
    }

    private let route: MeshRoute
    private let head: TraceHead
    private var generator: SeededGenerator
    private let gateway, page, detailsPod, reviewsPod, ratingsPod: Int32
    private let workers: UInt64

    init(model: MeshModel, route: MeshRoute, generator: SeededGenerator) {
        var generator = generator
        self.route = route
        let request = generator.requestID()
        let client = generator.next()
        // Some products are asked for far more often than others.
        let product = (generator.below(MeshModel.productCount) &* generator.below(1_024)) >> 10
        head = TraceHead(
            traceHigh: generator.next(), traceLow: generator.next(), requestHigh: request.high,
            requestLow: request.low, client: UInt32(truncatingIfNeeded: client),
            subject: UInt32(truncatingIfNeeded: product))
        let bits = generator.next()
        gateway = model.pod(group: MeshCatalog.groupGateway, bits: bits)
        page = model.pod(group: MeshCatalog.groupProductpage, bits: bits >> 12)
        detailsPod = model.pod(group: MeshCatalog.groupDetails, bits: bits >> 24)
        reviewsPod = model.pod(group: MeshCatalog.groupReviews + route.version - 1, bits: bits >> 36)
        ratingsPod = model.pod(group: MeshCatalog.groupRatings, bits: bits >> 48)
        workers = client >> 32
        self.generator = generator
    }

    mutating func run(start: Int64, into spans: inout [SpanRecord]) {
        // Durations from the leaves up, so that every child lies within its parent.
        let details = call(median: 3_300)
        var failures = [Call](repeating: Call(), count: 0)
        for _ in 0..<route.failedReviews { failures.append(call(median: 2_500)) }
        let ratings = route.hasRatings ? call(median: 3_600) : Call()
        let reviews = route.hasReviews ? call(median: 4_800, within: ratings.client) : Call()
        let direct = route.asksRatings ? call(median: 3_600) : Call()
        let children = failures.reduce(details.client &+ reviews.client &+ direct.client) { $0 &+ $1.client }
        let whole = call(median: 5_000, within: children)

        let parent = serve(whole, start: start, into: &spans)
        var at = spans[spans.count &- 1].start &+ 300
        let (detailsStatus, detailsSize): (Int32, Int32) =
            route.isDetailMissing ? (404, 33) : (200, Int32(truncatingIfNeeded: 170 &+ generator.below(40)))
        ask(
            details, .detailsClient, .detailsServer, from: page, to: detailsPod, parent: parent, at: at,
            status: detailsStatus, size: detailsSize, into: &spans)
        at &+= details.client
        let client = MeshSpanType.allCases[MeshSpanType.reviewsClientV1.rawValue + route.version - 1]
        let server = MeshSpanType.allCases[MeshSpanType.reviewsServerV1.rawValue + route.version - 1]
        for failure in failures {
            ask(
                failure, client, server, from: page, to: reviewsPod, parent: parent, at: at, status: 503, size: 22,
                into: &spans)
            at &+= failure.client
        }
        if route.hasReviews {
            let size = route.version == 1 ? 245 : Int32(truncatingIfNeeded: 325 &+ generator.below(8))
            let inner = ask(
                reviews, client, server, from: page, to: reviewsPod, parent: parent, at: at, status: 200, size: size,
                into: &spans)
            if route.hasRatings {
                ask(
                    ratings, route.version == 2 ? .ratingsClientV2 : .ratingsClientV3, .ratingsServer, from: reviewsPod,
                    to: ratingsPod, parent: inner, at: spans[spans.count &- 1].start &+ 150, status: 200, size: 48,
                    into: &spans)
            }
            at &+= reviews.client
        }
        if route.asksRatings {
            ask(
                direct, .ratingsClientPage, .ratingsServer, from: page, to: ratingsPod, parent: parent, at: at,
                status: 200, size: 48, into: &spans)
        }
    }

    /// A call whose server works for about `median` microseconds and waits for other calls `within` it.
    private mutating func call(median: Int64, within: Int64 = 0) -> Call {
        let server = generator.duration(median: median) &+ within &+ 600
        return Call(client: server &+ 300 &+ generator.duration(median: 450), server: server)
    }

    /// The two spans of the gateway and the page's server span, which comes last; gives its ID.
    private mutating func serve(_ whole: Call, start: Int64, into spans: inout [SpanRecord]) -> UInt64 {
        let (status, size): (Int32, Int32) =
            route.isPageFailure ? (503, 91) : (200, Int32(truncatingIfNeeded: 3_600 &+ generator.below(420)))
        let duration = whole.client &+ 120 &+ Int64(generator.below(300))
        append(
            .gatewayServer, pod: gateway, peer: -1, id: head.traceLow, parent: 0, start: start, duration: duration,
            status: status, size: size, into: &spans)
        let client = generator.next()
        append(
            .gatewayClient, pod: gateway, peer: page, id: client, parent: head.traceLow, start: start &+ 80,
            duration: whole.client, status: status, size: size, into: &spans)
        let server = generator.next()
        append(
            .pageServer, pod: page, peer: gateway, id: server, parent: client,
            start: start &+ 80 &+ (whole.client &- whole.server) / 2, duration: whole.server, status: status,
            size: size,
            into: &spans)
        return server
    }

    /// Both spans of a call, the server's last; gives the server span's ID.
    @discardableResult
    private mutating func ask(
        _ call: Call, _ client: MeshSpanType, _ server: MeshSpanType, from: Int32, to: Int32, parent: UInt64, at: Int64,
        status: Int32, size: Int32, into spans: inout [SpanRecord]
    ) -> UInt64 {
        let (clientID, serverID) = (generator.next(), generator.next())
        append(
            client, pod: from, peer: from, id: clientID, parent: parent, start: at, duration: call.client,
            status: status,
            size: size, into: &spans)
        append(
            server, pod: to, peer: from, id: serverID, parent: clientID,
            start: at &+ (call.client &- call.server) / 2, duration: call.server, status: status, size: size,
            into: &spans)
        return serverID
    }

    private mutating func append(
        _ type: MeshSpanType, pod: Int32, peer: Int32, id: UInt64, parent: UInt64, start: Int64, duration: Int64,
        status: Int32, size: Int32, into spans: inout [SpanRecord]
    ) {
        let variety = generator.next()
        // About 0.1 ms from the span's end to its event, up to 0.9 ms now and then.
        let delay = 50 &+ Int32(truncatingIfNeeded: variety & 63) &+ (variety & 0xFC0 == 0 ? 600 : 0)
        spans.append(
            SpanRecord(
                head: head, id: id, parentID: parent, start: start, duration: duration, type: Int32(type.rawValue),
                pod: pod, peer: peer, status: status, size: size,
                variety: UInt32(truncatingIfNeeded: variety >> 32), eventDelay: delay, isError: status >= 500,
                worker: Int8(truncatingIfNeeded: (workers >> UInt64(pod)) & 1)))
    }
}
