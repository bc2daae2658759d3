public import TraceModel

extension SpanTraits {
    /// The intrinsic `status`.
    public var queryStatus: TraceQLQuery.Status {
        if isFailure { return .error }
        return statusCode == .ok ? .ok : .unset
    }

    /// The intrinsic `kind`.
    public var queryKind: TraceQLQuery.Kind {
        switch kind {
        case .unspecified: .unspecified
        case .client: .client
        case .server: .server
        case .producer: .producer
        case .consumer: .consumer
        case .local: .internal
        }
    }
}
