/// Sixty services of a shop, instrumented with OpenTelemetry and exported as Zipkin.
final class WideModel: Sendable {
    private let arena: TextArena
    private let operations: [WideOperation]
    private let operationsByService: [Range<Int>]
    private let pods: [WidePod]
    private let json: TemplateSet
    private let wire: TemplateSet

    static let workerCount = 1

    var podCount: Int { pods.count }
    var typeCount: Int { operations.count }

    init(_ format: SpanFormat) {
        arena = TextArena()
        let catalog = WideCatalog(arena: arena)
        operations = catalog.operations
        operationsByService = catalog.operationsByService
        pods = catalog.pods
        (json, wire) = WideTemplates.build(catalog: catalog, arena: arena, format: format)
    }

    func name(ofType type: Int32) -> SpanTypeName {
        let operation = operations[Int(type)]
        return SpanTypeName(
            service: WideCatalog.serviceName(operation.service), operation: operation.name,
            kind: operation.kind.zipkinKind)
    }

    /// The operation of a service that does `kind`; every service has all but the two messaging ones.
    @inline(__always)
    func operation(_ kind: WideOperationKind, of service: Int) -> Int32 {
        let range = operationsByService[service]
        let position = kind == .consume ? WideOperationKind.publish.rawValue : kind.rawValue
        return Int32(truncatingIfNeeded: range.lowerBound &+ position)
    }

    @inline(__always)
    func service(ofType type: Int32) -> Int { operations[Int(type)].service }

    @inline(__always)
    func kind(ofType type: Int32) -> WideOperationKind { operations[Int(type)].kind }

    /// The process that makes a pod's spans.
    func resource(ofPod pod: Int) -> ResourceShape {
        let service = pod / WideCatalog.podsPerService
        let tags = WideTemplates.resource(service).map { tag in
            (key: tag.key, value: tag.value.map { text(of: $0, pod: pods[pod]) }.joined())
        }
        return ResourceShape(
            service: WideCatalog.serviceName(service), address: arena.string(pods[pod].address), tags: tags)
    }

    func scope(ofType type: Int32) -> ScopeShape {
        let operation = operations[Int(type)]
        return ScopeShape(
            name: WideTemplates.scopeName(operation.kind), version: WideTemplates.scopeVersion(operation.service))
    }

    /// A piece of a resource.
    private func text(of piece: Piece, pod: WidePod) -> String {
        switch piece {
        case .text(let text): text
        case .slot(.instanceID, _): arena.string(pod.instanceID)
        case .slot(.podName, _): arena.string(pod.name)
        case .slot(.nodeName, _): arena.string(pod.nodeName)
        case .slot(.processID, _): arena.string(pod.processID)
        default: ""
        }
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
        let template = WideTemplates.index(type: Int(span.type), isRoot: span.parentID == 0, isError: span.isError)
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
            case .address: arena.write(pods[Int(span.pod)].address, to: &cursor)
            case .addressBytes: arena.write(pods[Int(span.pod)].addressBytes, to: &cursor)
            case .instanceID: arena.write(pods[Int(span.pod)].instanceID, to: &cursor)
            case .podName: arena.write(pods[Int(span.pod)].name, to: &cursor)
            case .nodeName: arena.write(pods[Int(span.pod)].nodeName, to: &cursor)
            case .processID: arena.write(pods[Int(span.pod)].processID, to: &cursor)
            case .userID: cursor.decimal(Int64(head.subject))
            case .threadID: cursor.decimal(span.threadID)
            case .number: cursor.decimal(Int64(span.variety & 0xFFFFF))
            case .largeNumber: cursor.decimal(span.largeNumber)
            case .tenant:
                cursor.byte(UInt8(ascii: "t"))
                cursor.decimal(Int64(head.client % 40))
            default: break
            }
        }
    }
}
