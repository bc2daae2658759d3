extension TraceQLQuery {
    /// The services that spans are to be of, as the query says them.
    public var serviceNames: Set<String> {
        var names: Set<String> = []
        _ = replacingServices { name in
            names.insert(name)
            return nil
        }
        return names
    }

    /// The query with other conditions where a service is asked for by its name.
    /// - Parameter replacement: of the condition that a span is of the service with this name; nil to leave it.
    public func replacingServices(_ replacement: (String) -> Expression?) -> TraceQLQuery {
        TraceQLQuery(pipeline: pipeline.replacingServices(replacement))
    }
}

extension TraceQLQuery.Pipeline {
    fileprivate func replacingServices(
        _ replacement: (String) -> TraceQLQuery.Expression?
    ) -> TraceQLQuery.Pipeline {
        TraceQLQuery.Pipeline(
            stages: stages.map { stage in
                if case .spansets(let spansets) = stage {
                    .spansets(spansets.replacingServices(replacement))
                } else {
                    stage
                }
            })
    }
}

extension TraceQLQuery.Spansets {
    fileprivate func replacingServices(
        _ replacement: (String) -> TraceQLQuery.Expression?
    ) -> TraceQLQuery.Spansets {
        switch self {
        case .filter(let expression): .filter(expression?.replacingServices(replacement))
        case .combined(let left, let how, let right):
            .combined(left.replacingServices(replacement), how, right.replacingServices(replacement))
        case .pipeline(let pipeline): .pipeline(pipeline.replacingServices(replacement))
        }
    }
}

extension TraceQLQuery.Expression {
    fileprivate func replacingServices(
        _ replacement: (String) -> TraceQLQuery.Expression?
    ) -> TraceQLQuery.Expression {
        switch self {
        case .and(let left, let right):
            .and(left.replacingServices(replacement), right.replacingServices(replacement))
        case .or(let left, let right): .or(left.replacingServices(replacement), right.replacingServices(replacement))
        case .not(let inner): .not(inner.replacingServices(replacement))
        case .comparison(.field(.attribute(let scope, key: "service.name")), .equal, .literal(.string(let name)))
        where scope == .any || scope == .resource:
            replacement(name) ?? self
        case .comparison, .literal, .field, .negative, .arithmetic: self
        }
    }
}
