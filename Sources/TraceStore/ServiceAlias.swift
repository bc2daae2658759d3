internal import SegmentStore
internal import TraceModel

/// Another name of a service: a mesh calls it `app.namespace`, where OpenTelemetry says `app` and has the namespace in
/// an attribute.
struct ServiceAlias: Equatable {
    var serviceName: String
    /// What the attribute has to be; nil if it does not matter.
    var namespace: String?

    /// Where spans say the namespace of their service.
    static let namespaceKeys: [(owner: SpanFilter.AttributeTest.Owner, name: String)] = [
        (.resource, "service.namespace"), (.resource, "k8s.namespace.name"), (.span, "istio.namespace"),
    ]

    func note(askedFor name: String) -> String {
        guard let namespace else { return "no service is called \(name); these are traces of \(serviceName)" }
        return "no service is called \(name); these are traces of \(serviceName) in the namespace \(namespace)"
    }
}

extension TraceStore {
    /// The one service that is meant by a name that no service has; nil if there is none, or several.
    func alias(of name: String) throws(StoreError) -> ServiceAlias? {
        let known = try serviceNames()
        guard !name.isEmpty, !known.contains(name) else { return nil }
        let longer = known.filter { $0.hasPrefix(name + ".") }
        if !longer.isEmpty { return longer.count == 1 ? ServiceAlias(serviceName: longer[0]) : nil }
        guard let dot = name.firstIndex(of: "."), known.contains(String(name[..<dot])) else { return nil }
        // Of app.namespace.svc.cluster.local the namespace is the second part.
        let namespace = name[name.index(after: dot)...].prefix { $0 != "." }
        guard !namespace.isEmpty else { return nil }
        let app = String(name[..<dot])
        return ServiceAlias(serviceName: app, namespace: try hasNamespaces(app) ? String(namespace) : nil)
    }

    /// Whether any span of the service says a namespace.
    private func hasNamespaces(_ service: String) throws(StoreError) -> Bool {
        for key in ServiceAlias.namespaceKeys {
            let found = try attributeValues(
                scope: key.owner == .span ? .span : .resource, key: key.name, serviceName: service,
                within: .min ... .max, limit: 1, QueryWork())
            if !found.values.isEmpty { return true }
        }
        return false
    }
}
