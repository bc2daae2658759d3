public import NetworkServer

/// The part of the program's own API that tells of the clusters to which spans are handed on, and sends dead letters
/// again.
public struct ForwardingQueries: Sendable {
    /// What is served; the patterns of the router.
    public enum Route: String, CaseIterable, Sendable {
        case status = "/api/skein/v1/forwarding"
        case retry = "/api/skein/v1/forwarding/retry-dead-letters"

        package var method: HTTPMethod {
            switch self {
            case .status: .get
            case .retry: .post
            }
        }
    }

    /// Sends the dead letters of one destination again. What it throws is told in its words.
    public typealias Retry = @Sendable () throws -> (deliveredCount: Int, refusedCount: Int)

    private let status: @Sendable () -> ForwardingAnswer
    private let retries: [(name: String, retry: Retry)]

    /// - Parameters:
    ///   - status: of the destinations now.
    ///   - retries: for each destination by its name.
    public init(status: @escaping @Sendable () -> ForwardingAnswer, retries: [(name: String, retry: Retry)]) {
        self.status = status
        self.retries = retries
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.onSkein(route.method, route.rawValue) { request, _ in
                try answer(route, QueryParameters(request.query))
            }
        }
    }

    private func answer(_ route: Route, _ parameters: QueryParameters) throws -> HTTPResponse {
        switch route {
        case .status:
            try SkeinQueryParameters.checkNames(parameters, [])
            return try SkeinAnswer.json(status())
        case .retry:
            try SkeinQueryParameters.checkNames(parameters, ["destination"])
            return try retry(parameters.first("destination"))
        }
    }

    private func retry(_ name: String?) throws -> HTTPResponse {
        let chosen = retries.filter { name == nil || $0.name == name }
        guard !chosen.isEmpty else {
            let text = name.map { "no destination is called '\($0)'" } ?? "there is no destination"
            return SkeinAnswer.failure(.notFound, text)
        }
        var answer = DeadLetterAnswer(destinations: [])
        for destination in chosen {
            do {
                let outcome = try destination.retry()
                answer.destinations.append(
                    .init(
                        name: destination.name, delivered: outcome.deliveredCount, refused: outcome.refusedCount))
            } catch {
                return SkeinAnswer.failure(.serviceUnavailable, "destination \(destination.name): \(error)")
            }
        }
        return try SkeinAnswer.json(answer)
    }
}

/// How destinations fare.
public struct ForwardingAnswer: Codable, Sendable {
    /// What only a running server knows is nil elsewhere.
    public struct Destination: Codable, Sendable {
        public var name: String
        public var lagSpans: Int
        public var lagSegments: Int
        /// When the oldest segment was made that the destination lacks, in seconds since 1970.
        public var oldestSegment: Double?
        /// Spans that were removed before the destination had them.
        public var unsentSpans: Int
        /// What keeps spans from being handed on, and since when.
        public var problem: String?
        public var documents: Int?
        public var rejected: Int?
        public var filteredSpans: Int?
        public var damagedSpans: Int?
        public var deadLetters: Int
        public var deadLetterBytes: Int
        /// Answers to bulk requests by HTTP status; 0 where there was none.
        public var requests: [String: Int]?

        public init(
            name: String, lagSpans: Int, lagSegments: Int, unsentSpans: Int, deadLetters: Int, deadLetterBytes: Int
        ) {
            self.name = name
            self.lagSpans = lagSpans
            self.lagSegments = lagSegments
            self.unsentSpans = unsentSpans
            self.deadLetters = deadLetters
            self.deadLetterBytes = deadLetterBytes
        }
    }

    public var destinations: [Destination]

    public init(destinations: [Destination]) { self.destinations = destinations }
}

/// What came of sending dead letters again.
public struct DeadLetterAnswer: Codable, Sendable {
    public struct Destination: Codable, Sendable {
        public var name: String
        /// In the index now, and no longer kept.
        public var delivered: Int
        /// Refused again, and kept with the new reason.
        public var refused: Int

        public init(name: String, delivered: Int, refused: Int) {
            self.name = name
            self.delivered = delivered
            self.refused = refused
        }
    }

    public var destinations: [Destination]

    public init(destinations: [Destination]) { self.destinations = destinations }
}
