internal import Bytes
public import TraceModel

/// What of a span says who calls whom: what the topology reads of it beside its IDs, times, names and traits.
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
        /// No attribute, but a field.
        case remoteServiceName

        static let count = Int(Role.remoteServiceName.rawValue) + 1

        /// Read of those who call only.
        var isOfOtherSide: Bool { rawValue >= Role.peerService.rawValue && self != .remoteServiceName }

        /// What a key of a resource tells.
        static func ofResource(_ key: UnsafeRawBufferPointer) -> Role? {
            guard let role = CallAttributes.role(of: key), role.rawValue < Role.peerService.rawValue else { return nil }
            return role
        }
    }

    /// Whether the topology reads the attribute with this key, of a span or of a resource.
    public static func isRead(_ key: UnsafeRawBufferPointer) -> Bool { role(of: key) != nil }

    /// Whether the topology reads the field.
    public static func isRead(_ field: SpanField) -> Bool {
        switch field {
        case .resource, .remoteServiceName, .localIPv4, .localIPv6, .localPort: true
        default: false
        }
    }

    static func role(of key: UnsafeRawBufferPointer) -> Role? {
        guard let start = key.baseAddress else { return nil }
        // Of the length at hand.
        func `is`(_ name: StaticString) -> Bool { sameBytes(start, name.utf8Start, name.utf8CodeUnitCount) }
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
