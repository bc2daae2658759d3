internal import Bytes
public import NetworkServer
internal import QueryFiles
public import Sampling
internal import Threads
internal import WireFormats

/// Jaeger's remote sampling: SDKs ask how they are to choose the traces that begin in their service.
///
/// A service that the file of strategies names gets what that says. All others get what adaptive sampling has found, if
/// that is on, else the default strategy.
public struct SamplingRoutes: Sendable {
    /// The service, as health checks and reflection name it.
    public static let service = "jaeger.api_v2.SamplingManager"

    private let defaultProbability: Double
    private let file: SamplingStrategiesFile?
    private let rates: OperationRates?

    /// - Parameters:
    ///   - defaultProbability: of all services, where nothing else says it.
    ///   - file: nil without one.
    ///   - rates: nil where adaptive sampling is off.
    public init(defaultProbability: Double, file: SamplingStrategiesFile?, rates: OperationRates?) {
        self.defaultProbability = defaultProbability
        self.file = file
        self.rates = rates
    }

    /// `GET /api/sampling?service=`, and the shorter `/sampling`.
    /// - Parameter anyPath: every other path answers too, as Jaeger's listener does that has nothing else.
    public func registerHTTP(on router: inout HTTPRouter, anyPath: Bool) {
        let handler = HTTPHandler.eventLoop { request, _, responder in responder.respond(answer(request)) }
        router.on(.get, "/api/sampling", handler)
        guard anyPath else { return }
        router.on(.get, "/sampling", handler)
        router.fallback = .eventLoop { request, _, responder in
            guard request.method == .get || request.method == .head else {
                return responder.respond(
                    HTTPResponse(HTTPError(.methodNotAllowed, "Method not allowed", headers: [("allow", "GET, HEAD")])))
            }
            responder.respond(answer(request))
        }
    }

    /// `jaeger.api_v2.SamplingManager/GetSamplingStrategy`.
    public func registerGRPC(on router: inout HTTPRouter) {
        router.onCall("/\(Self.service)/GetSamplingStrategy") { request, responder in
            do {
                let asked = try request.body.withUnsafeBytes { try JaegerSamplingRequest(decoding: $0) }
                responder.succeed(strategy(of: asked.serviceName).protobuf)
            } catch {
                responder.fail(GRPCStatus(.invalidArgument, "the request cannot be read: \(error)"))
            }
        }
    }

    /// Tells clients by reflection what the service is.
    public static func registerReflection(on router: inout HTTPRouter) {
        router.onReflection(descriptorSet: GRPCDescriptors.jaegerSampling, services: [service])
    }

    /// What the SDKs of a service are told now.
    public func strategy(of service: String) -> RemoteStrategy {
        let strategies = file?.strategies
        if let named = strategies?.strategy(named: service) { return named }
        if let rates { return rates.strategy(of: service, now: SystemClock.nanosecondsSince1970()) }
        return strategies?.defaultStrategy ?? RemoteStrategy(.probabilistic(defaultProbability))
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        let services = request.query.all("service")
        guard services.count == 1, let service = services.first else {
            return .text(.badRequest, "'service' parameter must be provided once")
        }
        return .json(strategy(of: service).json)
    }
}

// MARK: - The messages

extension RemoteStrategy {
    /// With every field of its rule and operations, those that are zero too.
    var json: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        switch rule {
        case .probabilistic(let probability):
            writer.write("{\"strategyType\":\"PROBABILISTIC\",\"probabilisticSampling\":")
            writer.writeRate(probability)
        case .rateLimiting(let count):
            writer.write("{\"strategyType\":\"RATE_LIMITING\",\"rateLimitingSampling\":{\"maxTracesPerSecond\":")
            writer.writeNumber(Double(count))
            writer.write("}")
        }
        if let operations {
            writer.write(",\"operationSampling\":{\"defaultSamplingProbability\":")
            writer.writeNumber(operations.defaultProbability)
            writer.write(",\"defaultLowerBoundTracesPerSecond\":")
            writer.writeNumber(operations.lowerBound)
            writer.write(",\"perOperationStrategies\":[")
            for (index, operation) in operations.operations.enumerated() {
                writer.write(index == 0 ? "{\"operation\":" : ",{\"operation\":")
                writer.writeJSONString(operation.name)
                writer.write(",\"probabilisticSampling\":")
                writer.writeRate(operation.probability)
                writer.write("}")
            }
            writer.write("],\"defaultUpperBoundTracesPerSecond\":")
            writer.writeNumber(operations.upperBound)
            writer.write("}")
        }
        writer.write("}")
        return writer.bytes
    }

    /// `jaeger.api_v2.SamplingStrategyResponse`.
    var protobuf: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        switch rule {
        case .probabilistic(let probability):
            writer.writeField(2, .rate(probability))
        case .rateLimiting(let count):
            writer.writeTag(1, 0)
            writer.writeVarint(1)
            var limit = ByteWriter()
            if count != 0 {
                limit.writeTag(1, 0)
                limit.writeVarint(UInt64(bitPattern: Int64(count)))
            }
            writer.writeField(3, limit)
        }
        if let operations {
            var message = ByteWriter(capacity: 256)
            message.writeDouble(1, operations.defaultProbability)
            message.writeDouble(2, operations.lowerBound)
            for operation in operations.operations {
                var item = ByteWriter()
                item.writeTag(1, 2)
                item.writeVarint(operation.name.utf8.count)
                item.write(Array(operation.name.utf8))
                item.writeField(2, .rate(operation.probability))
                message.writeField(3, item)
            }
            message.writeDouble(4, operations.upperBound)
            writer.writeField(4, message)
        }
        return writer.bytes
    }
}

extension ByteWriter {
    /// The shortest text that is the same number; without a fraction where it has none.
    fileprivate mutating func writeNumber(_ number: Double) {
        let text = Int32(exactly: number).map { "\($0)" } ?? "\(number)"
        write(Array(text.utf8))
    }

    fileprivate mutating func writeRate(_ probability: Double) {
        write("{\"samplingRate\":")
        writeNumber(probability)
        write("}")
    }

    fileprivate mutating func writeTag(_ field: Int, _ wireType: Int) { writeVarint(field << 3 | wireType) }

    /// Nothing for zero.
    fileprivate mutating func writeDouble(_ field: Int, _ value: Double) {
        guard value != 0 else { return }
        writeTag(field, 1)
        write(value.bitPattern)
    }

    fileprivate mutating func writeField(_ field: Int, _ message: ByteWriter) {
        writeTag(field, 2)
        writeVarint(message.bytes.count)
        write(message.bytes)
    }

    /// `ProbabilisticSamplingStrategy`.
    fileprivate static func rate(_ probability: Double) -> ByteWriter {
        var writer = ByteWriter()
        writer.writeDouble(1, probability)
        return writer
    }
}
