/// The attributes that say who calls whom: which keys the topology reads.
public enum CallAttributes {
    /// What a key tells of a span.
    enum Role: UInt8 {
        // Of a sidecar, in the order in which they are asked for a version.
        case destinationRevision, revision, serviceVersion, version
        // In the order in which they are asked for a namespace.
        case meshNamespace, serviceNamespace, podNamespace
        // In the order in which they are asked for the other side.
        case peerService, upstreamCluster, serverAddress, peerName
        case databaseNamespace, databaseName, databaseSystemName, databaseSystem
        case messagingSystem, messagingDestination, formerMessagingDestination
    }

    static let roleCount = 18

    /// Whether the topology reads the attribute with this key: a span, or a resource, that is only counted has to keep
    /// it.
    public static func isRead(_ key: UnsafeRawBufferPointer) -> Bool { role(of: key) != nil }

    static func role(of key: UnsafeRawBufferPointer) -> Role? {
        func `is`(_ name: StaticString) -> Bool {
            name.utf8CodeUnitCount == key.count
                && UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount).elementsEqual(key)
        }
        // Few keys have any of these lengths and end so.
        switch key.count {
        case 7:
            if `is`("version") { return .version }
            if `is`("db.name") { return .databaseName }
        case 9: if `is`("db.system") { return .databaseSystem }
        case 12:
            if `is`("peer.service") { return .peerService }
            if `is`("db.namespace") { return .databaseNamespace }
        case 13: if `is`("net.peer.name") { return .peerName }
        case 14:
            if `is`("server.address") { return .serverAddress }
            if `is`("db.system.name") { return .databaseSystemName }
        case 15:
            if `is`("istio.namespace") { return .meshNamespace }
            if `is`("service.version") { return .serviceVersion }
        case 16:
            if `is`("upstream_cluster") { return .upstreamCluster }
            if `is`("messaging.system") { return .messagingSystem }
        case 17: if `is`("service.namespace") { return .serviceNamespace }
        case 18: if `is`("k8s.namespace.name") { return .podNamespace }
        case 21: if `is`("messaging.destination") { return .formerMessagingDestination }
        case 24: if `is`("istio.canonical_revision") { return .revision }
        case 26: if `is`("messaging.destination.name") { return .messagingDestination }
        case 36: if `is`("istio.destination_canonical_revision") { return .destinationRevision }
        default: break
        }
        return nil
    }
}
