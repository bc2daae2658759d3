internal import TraceModel

/// What one span says of its site, as it lies in the batch.
struct SiteFacts {
    private let batch: SpanBatch
    private let shape: SpanShape
    /// By role: a string of the batch or its resource; nil: not said, or empty.
    private var values = InlineArray<19, UnsafeRawBufferPointer?>(repeating: nil)

    typealias Role = CallAttributes.Role

    init(
        _ batch: SpanBatch, _ shape: SpanShape, _ slots: ArraySlice<CallExtractor.Slot>, _ words: UnsafePointer<UInt32>
    ) {
        self.batch = batch
        self.shape = shape
        var resource: UnsafeRawBufferPointer?
        for slot in slots {
            let value = batch.string(words[Int(slot.word)])
            if let role = slot.role { set(role, value) } else { resource = value }
        }
        if let resource { complete(from: resource) }
    }

    private mutating func set(_ role: Role, _ value: UnsafeRawBufferPointer) {
        let index = Int(role.rawValue)
        if values[index] == nil, !value.isEmpty { values[index] = value }
    }

    /// What comes behind damage is not seen.
    private mutating func complete(from bytes: UnsafeRawBufferPointer) {
        guard let resource = try? ResourceView(bytes) else { return }
        var reader = resource.attributes.attributes
        while let attribute = try? reader.nextAttribute() {
            guard case .string(let value) = attribute.value, let role = Role.ofResource(attribute.key) else { continue }
            set(role, value)
        }
    }

    private func value(_ role: Role) -> UnsafeRawBufferPointer? { values[Int(role.rawValue)] }

    // MARK: The site

    func site(_ names: inout CallNames) -> CallSite {
        let serviceName = batch.string(shape.serviceName)
        func number(_ name: UnsafeRawBufferPointer?) -> UInt32 { name.map { names.number(of: $0) } ?? 0 }
        let (target, targetVersion) = target
        return CallSite(
            serviceName: names.number(of: serviceName),
            namespace: number(
                value(.meshNamespace) ?? value(.serviceNamespace) ?? value(.podNamespace)
                    ?? ServiceText.namespace(ofService: serviceName)),
            version: number(
                value(.destinationRevision) ?? value(.revision) ?? value(.serviceVersion) ?? value(.version)),
            operationName: names.number(of: batch.string(shape.operationName)),
            remoteServiceName: number(value(.remoteServiceName)), target: number(target),
            targetVersion: number(targetVersion), traits: traits)
    }

    private var traits: CallTraits {
        let kind = shape.traits.kind
        var traits = CallTraits(kind)
        traits.isShared = shape.traits.isShared
        traits.isError = shape.traits.isFailure
        // A proxy names its copies so, and does not say of them whose they are.
        let isOfMesh = value(.meshNamespace) != nil || value(.revision) != nil || value(.destinationRevision) != nil
        traits.isMirror = kind == .client && !isOfMesh && batch.string(shape.operationName).elementsEqual("mirror".utf8)
        traits.isMessaging = kind == .producer || kind == .consumer || value(.messagingSystem) != nil
        traits.isDatabase =
            value(.databaseSystem) != nil || value(.databaseSystemName) != nil || value(.databaseName) != nil
            || value(.databaseNamespace) != nil
        return traits
    }

    /// The other side, and the version of it that is asked for.
    private var target: (name: UnsafeRawBufferPointer?, version: UnsafeRawBufferPointer?) {
        if let peer = value(.peerService) { return (peer, nil) }
        if let cluster = value(.upstreamCluster).flatMap(ServiceText.init(cluster:)) {
            return (cluster.name, cluster.version)
        }
        for role in [Role.serverAddress, .peerName] {
            if let name = value(role).flatMap(ServiceText.name(ofHost:)) { return (name, nil) }
        }
        let others = [
            Role.databaseNamespace, .databaseName, .databaseSystemName, .databaseSystem, .messagingSystem,
            .messagingDestination, .formerMessagingDestination,
        ]
        return (others.lazy.compactMap(value).first, nil)
    }
}
