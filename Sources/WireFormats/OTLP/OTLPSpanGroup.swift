internal import TraceModel

/// What consecutive spans have in common when they stand under one resource and one scope. Borrows from their batches.
struct OTLPSpanGroup {
    /// The field `resource`; nil for a span without one, which then has a resource made up of its service's name.
    let resource: UnsafeRawBufferPointer?
    let resourceView: ResourceView?
    let serviceName: UnsafeRawBufferPointer
    private let scope: UnsafeRawBufferPointer?
    let scopeView: ScopeView?

    init(_ span: SpanView) {
        if case .map(let bytes) = span.value(of: .resource) { resource = bytes } else { resource = nil }
        if case .map(let bytes) = span.value(of: .scope) { scope = bytes } else { scope = nil }
        resourceView = resource.flatMap { try? ResourceView($0) }
        scopeView = scope.flatMap { try? ScopeView($0) }
        serviceName = span.serviceName
    }

    func hasSameResource(as other: OTLPSpanGroup) -> Bool {
        guard Self.same(resource, other.resource) else { return false }
        return resource != nil || Self.same(serviceName, other.serviceName)
    }

    func hasSameScope(as other: OTLPSpanGroup) -> Bool { Self.same(scope, other.scope) }

    /// The service's name that a reader takes from the resource.
    var readServiceName: UnsafeRawBufferPointer {
        guard let resource else { return serviceName }
        return OTLPModel.serviceName(inResource: resource) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The name that the resource's attributes are to get, because they have none; nil if that is not asked for.
    func addedServiceName(_ options: OTLPOptions) -> UnsafeRawBufferPointer? {
        if resource == nil && serviceName.count > 0 { return serviceName }
        guard options.namesEveryService, readServiceName.count == 0 else { return nil }
        return serviceName.count > 0 ? serviceName : OTLPModel.unknownService.rawBytes
    }

    private static func same(_ a: UnsafeRawBufferPointer?, _ b: UnsafeRawBufferPointer?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return a.count == b.count && (a.baseAddress == b.baseAddress || a.elementsEqual(b))
    }
}
