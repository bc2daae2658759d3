/// Bookinfo behind Istio, as its sidecars report it.
final class MeshModel: Sendable {
    private let arena: TextArena
    private let pods: [MeshPod]
    private let groups: [Range<Int>]
    private let userAgents: [TextArena.Text]
    private let clientAddresses: [TextArena.Text]
    private let json: TemplateSet
    private let wire: TemplateSet

    /// Proxies run two worker threads, Istio's default; each batches its own spans.
    static let workerCount = 2
    static let productCount = MeshCatalog.productCount

    var podCount: Int { pods.count }

    init(_ format: SpanFormat) {
        arena = TextArena()
        let catalog = MeshCatalog(arena: arena)
        pods = catalog.pods
        groups = catalog.groups
        userAgents = catalog.userAgents
        clientAddresses = catalog.clientAddresses
        (json, wire) = MeshTemplates.build(arena: arena, format: format)
    }

    func name(ofType type: Int32) -> SpanTypeName {
        let type = MeshSpanType.allCases[Int(type)]
        return SpanTypeName(
            service: type.service.serviceName, operation: type.operation, kind: type.isClient ? "CLIENT" : "SERVER")
    }

    /// A pod of the group, chosen by the trace's random bits.
    @inline(__always)
    func pod(group: Int, bits: UInt64) -> Int32 {
        let range = groups[group]
        return Int32(truncatingIfNeeded: range.lowerBound &+ Int(truncatingIfNeeded: bits & 0xFFFF) % range.count)
    }

    /// The process that reports a pod's spans.
    func resource(ofPod pod: Int) -> ResourceShape {
        ResourceShape(
            service: pods[pod].service.serviceName, address: arena.string(pods[pod].address),
            tags: [
                ("telemetry.sdk.language", "cpp"), ("telemetry.sdk.name", "envoy"),
                ("telemetry.sdk.version", MeshCatalog.proxyVersion),
            ])
    }

    func scope(ofType type: Int32) -> ScopeShape {
        ScopeShape(name: "envoy", version: MeshCatalog.proxyVersion)
    }

    /// The span as Zipkin's JSON.
    func writeJSON(_ span: SpanRecord, to cursor: inout ByteCursor) {
        write(span, json, to: &cursor)
    }

    /// The span in the workload's format.
    @inline(__always)
    func write(_ span: SpanRecord, to cursor: inout ByteCursor) {
        write(span, wire, to: &cursor)
    }

    @inline(__always)
    private func write(_ span: SpanRecord, _ templates: TemplateSet, to cursor: inout ByteCursor) {
        let template = MeshTemplates.index(type: Int(span.type), isError: span.isError, variety: span.variety)
        let (arena, head) = (arena, span.head)
        templates.write(template, span, to: &cursor) { [pods] slot, cursor in
            switch slot {
            case .traceID:
                cursor.hex(head.traceHigh)
                cursor.hex(head.traceLow)
            case .spanID: cursor.hex(span.id)
            case .parentID: cursor.hex(span.parentID)
            case .timestamp: cursor.decimal(span.start)
            case .endTimestamp: cursor.decimal(span.end)
            case .duration: cursor.decimal(span.duration)
            case .eventTimestamp: cursor.decimal(span.eventTime)
            case .requestID: cursor.uuid(head.requestHigh, head.requestLow)
            case .status: cursor.decimal(Int64(span.status))
            case .responseSize: cursor.decimal(Int64(span.size))
            case .url: cursor.decimal(Int64(head.subject))
            case .userAgent:
                arena.write(userAgents[Int(truncatingIfNeeded: head.client) % userAgents.count], to: &cursor)
            case .nodeID: arena.write(pods[Int(span.pod)].nodeID, to: &cursor)
            case .address: arena.write(pods[Int(span.pod)].address, to: &cursor)
            case .addressBytes: arena.write(pods[Int(span.pod)].addressBytes, to: &cursor)
            case .peer: writePeer(span, to: &cursor)
            default: break
            }
        }
    }

    private func writePeer(_ span: SpanRecord, to cursor: inout ByteCursor) {
        if span.peer < 0 {
            let client = Int(truncatingIfNeeded: span.head.client >> 8) % clientAddresses.count
            arena.write(clientAddresses[client], to: &cursor)
        } else if Int(span.type) == MeshSpanType.gatewayClient.rawValue {
            arena.write(pods[Int(span.peer)].addressAndPort, to: &cursor)
        } else {
            arena.write(pods[Int(span.peer)].address, to: &cursor)
        }
    }
}
