/// Sixty services of a shop, instrumented with OpenTelemetry and exported as Zipkin.
final class WideModel: Sendable {
    private let arena: TextArena
    private let operations: [WideOperation]
    private let operationsByService: [Range<Int>]
    private let pods: [WidePod]
    private let templates: TemplateSet

    static let workerCount = 1

    var podCount: Int { pods.count }

    init() {
        arena = TextArena()
        let catalog = WideCatalog(arena: arena)
        operations = catalog.operations
        operationsByService = catalog.operationsByService
        pods = catalog.pods
        templates = WideTemplates.build(catalog: catalog, arena: arena)
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

    func write(_ span: SpanRecord, to cursor: inout ByteCursor) {
        let template = WideTemplates.index(type: Int(span.type), isRoot: span.parentID == 0, isError: span.isError)
        let (arena, head) = (arena, span.head)
        templates.write(template, to: &cursor) { [pods] slot, cursor in
            switch slot {
            case .traceID:
                cursor.hex(head.traceHigh)
                cursor.hex(head.traceLow)
            case .spanID: cursor.hex(span.id)
            case .parentID: cursor.hex(span.parentID)
            case .timestamp: cursor.decimal(span.start)
            case .duration: cursor.decimal(span.duration)
            case .eventTimestamp: cursor.decimal(span.end &- 5)
            case .requestID: cursor.uuid(head.requestHigh, head.requestLow)
            case .status: cursor.decimal(Int64(span.status))
            case .address: arena.write(pods[Int(span.pod)].address, to: &cursor)
            case .instanceID: arena.write(pods[Int(span.pod)].instanceID, to: &cursor)
            case .podName: arena.write(pods[Int(span.pod)].name, to: &cursor)
            case .nodeName: arena.write(pods[Int(span.pod)].nodeName, to: &cursor)
            case .processID: arena.write(pods[Int(span.pod)].processID, to: &cursor)
            case .userID: cursor.decimal(Int64(head.subject))
            case .threadID: cursor.decimal(Int64(span.variety & 63) &+ 1)
            case .number: cursor.decimal(Int64(span.variety & 0xFFFFF))
            case .largeNumber: cursor.decimal(Int64(span.variety) &+ 8_000_000_000)
            case .tenant:
                cursor.byte(UInt8(ascii: "t"))
                cursor.decimal(Int64(head.client % 40))
            default: break
            }
        }
    }
}
