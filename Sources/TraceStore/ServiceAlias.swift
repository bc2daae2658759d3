internal import QueryLanguage
internal import SegmentStore
internal import TraceModel

/// Another name of a service: a mesh calls it `app.namespace`, where OpenTelemetry says `app` and has the namespace in
/// an attribute.
package struct ServiceAlias: Equatable {
    package var serviceName: String
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

extension ServiceAlias {
    /// That a span is of the service, in the query language.
    fileprivate var expression: TraceQLQuery.Expression {
        func equal(_ scope: TraceQLQuery.Scope, _ key: String, _ text: String) -> TraceQLQuery.Expression {
            .comparison(.field(.attribute(scope, key: key)), .equal, .literal(.string(text)))
        }
        let service = equal(.resource, "service.name", serviceName)
        guard let namespace else { return service }
        let owners = Self.namespaceKeys.map { equal($0.owner == .span ? .span : .resource, $0.name, namespace) }
        return .and(service, owners.dropFirst().reduce(owners[0]) { .or($0, $1) })
    }
}

extension QueryableStore {
    /// The query with the names that its services have, where it says others, and what is to be told of that; nil if
    /// there is nothing to be exchanged.
    package func queryByOtherNames(_ query: TraceQuery) throws(StoreError) -> (query: TraceQuery, notes: [String])? {
        var other = query
        guard case .traceQL(let language) = query.rules else {
            guard let name = query.serviceName, let alias = try alias(of: name) else { return nil }
            other.serviceName = alias.serviceName
            other.namespace = alias.namespace
            return (other, [alias.note(askedFor: name)])
        }
        var aliases: [String: ServiceAlias] = [:]
        for name in language.serviceNames { aliases[name] = try alias(of: name) }
        guard !aliases.isEmpty else { return nil }
        other.rules = .traceQL(language.replacingServices { aliases[$0]?.expression })
        return (other, aliases.sorted { $0.key < $1.key }.map { $0.value.note(askedFor: $0.key) })
    }

    /// The one service that is meant by a name that no service has; nil if there is none, or several.
    package func alias(of name: String) throws(StoreError) -> ServiceAlias? {
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
