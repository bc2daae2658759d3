import Foundation
import Workload

/// An API that gives traces: whom to ask, and how questions and answers look.
enum TraceAPI: String, CaseIterable {
    case zipkin
    case jaeger
    case jaegerV3 = "jaeger v3"
    case jaegerGRPC = "jaeger grpc"
    case tempo
    case skein
    /// The same, with the count of all that match, up to 1,000; comes last.
    case skeinCounted = "skein with count"

    var listener: String {
        switch self {
        case .zipkin: "zipkin"
        case .jaeger, .jaegerV3, .skein, .skeinCounted: "query"
        case .jaegerGRPC: "query-grpc"
        case .tempo: "tempo"
        }
    }

    func channel(_ server: ServerProcess) throws -> any QueryChannel {
        let address = try server.address(of: listener)
        return self == .jaegerGRPC ? GRPCChannel(to: address) : HTTPChannel(to: address)
    }

    // MARK: One trace

    /// The ID in 32 hex digits.
    func trace(_ traceID: String) -> Question {
        switch self {
        case .zipkin: return Question(path: "/api/v2/trace/" + traceID)
        case .jaeger: return Question(path: "/api/traces/" + traceID)
        case .jaegerV3: return Question(path: "/api/v3/traces/" + traceID)
        case .jaegerGRPC:
            let digits = Array(traceID.utf8)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).map {
                UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16) ?? 0
            }
            return Question(path: Self.service + "GetTrace", message: ProtobufParts.field(1, bytes))
        case .tempo: return Question(path: "/api/v2/traces/" + traceID, accept: "application/protobuf")
        case .skein, .skeinCounted: return Question(path: "/api/skein/v1/traces/" + traceID)
        }
    }

    var traceForm: TraceContent.Form {
        switch self {
        case .zipkin: .zipkin
        case .jaeger: .jaeger
        case .jaegerV3: .otlpJSON
        case .jaegerGRPC: .jaegerChunks
        case .tempo: .tempoTrace
        case .skein, .skeinCounted: .skeinTrace
        }
    }

    // MARK: Search

    /// A window of whole seconds since 1970, both inclusive.
    typealias Window = ClosedRange<Int64>

    /// The newest traces with a span of the service, at most 20.
    func search(service: String, _ window: Window) -> Question {
        let (start, end) = (window.lowerBound, window.upperBound)
        let name = QueryClient.escape(service)
        switch self {
        case .zipkin:
            return Question(
                path: "/api/v2/traces?serviceName=\(name)&limit=20&endTs=\(end * 1_000 + 999)"
                    + "&lookback=\((end - start) * 1_000 + 999)")
        case .jaeger:
            return Question(
                path: "/api/traces?service=\(name)&limit=20&start=\(start)000000&end=\(end)999999")
        case .jaegerV3:
            return Question(
                path: "/api/v3/trace-summaries?query.serviceName=\(name)&query.searchDepth=20"
                    + "&query.startTimeMin=\(Self.text(start))Z&query.startTimeMax=\(Self.text(end)).999999Z")
        case .jaegerGRPC:
            let tag = ProtobufParts.field(1, "istio.cluster_id".utf8) + ProtobufParts.field(2, "Kubernetes".utf8)
            var query = ProtobufParts.field(1, service.utf8) + ProtobufParts.field(3, tag)
            query += ProtobufParts.field(4, microseconds: start * 1_000_000)
            query += ProtobufParts.field(5, microseconds: end * 1_000_000 + 999_999)
            query += ProtobufParts.field(8, 20)
            return Question(path: Self.service + "FindTraces", message: ProtobufParts.field(1, query))
        case .tempo, .skein, .skeinCounted: return search("{ resource.service.name = \"\(service)\" }", window)
        }
    }

    /// The newest traces that TraceQL describes, at most 20; of an API that knows TraceQL.
    func search(_ text: String, _ window: Window) -> Question {
        let (start, end) = (window.lowerBound, window.upperBound)
        let query = "?q=\(QueryClient.escape(text))&limit=20"
        switch self {
        case .tempo: return Question(path: "/api/search\(query)&start=\(start)&end=\(end)")
        case .skein, .skeinCounted:
            let count = self == .skein ? "&count=0" : ""
            return Question(path: "/api/skein/v1/search\(query)&start=\(start)000000&end=\(end)999999\(count)")
        case .zipkin, .jaeger, .jaegerV3, .jaegerGRPC: preconditionFailure("an API that knows TraceQL")
        }
    }

    var searchForm: TraceContent.Form {
        switch self {
        case .zipkin: .zipkin
        case .jaeger: .jaeger
        case .jaegerV3: .summaries
        case .jaegerGRPC: .jaegerChunks
        case .tempo: .searchOfTempo
        case .skein, .skeinCounted: .skeinSearch
        }
    }

    private static let service = "/jaeger.api_v2.QueryService/"

    /// As RFC 3339 has it, without fraction and zone.
    private static func text(_ seconds: Int64) -> String {
        String(Date(timeIntervalSince1970: Double(seconds)).ISO8601Format().dropLast())
    }
}
