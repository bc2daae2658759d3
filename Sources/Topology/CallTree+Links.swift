internal import TraceModel

extension CallTree {
    /// Calls `add` with caller, callee and failure of each call, by Zipkin's rules: a call is counted once, where both
    /// of its sides tell of it at the server.
    func forEachLink(_ add: (_ parent: UInt32, _ child: UInt32, _ isError: Bool) -> Void) {
        for place in spans.indices where isReachable(place) {
            let (span, remote) = (spans[place], spans[place].site.remoteServiceName)
            switch span.kind {
            case .producer:
                addMessage(from: span.serviceName, to: remote, span, add)
            case .consumer:
                addMessage(from: remote, to: span.serviceName, span, add)
            case .server:
                addCall(from: remote, to: span.serviceName, span, remoteAncestor(place), add)
            case .client:
                // Whatever is below it knows better what was called.
                guard !hasChildren[place] else { continue }
                addClientCall(span, remoteAncestor(place), add)
            case .unspecified, .local:
                guard span.serviceName != 0, remote != 0 else { continue }
                addClientCall(span, remoteAncestor(place), add)
            }
        }
    }

    /// Only the broker says who takes part.
    private func addMessage(
        from parent: UInt32, to child: UInt32, _ span: CallSpan, _ add: (UInt32, UInt32, Bool) -> Void
    ) {
        guard parent != 0, child != 0 else { return }
        add(parent, child, span.isError)
    }

    private func addClientCall(_ span: CallSpan, _ ancestor: CallSpan?, _ add: (UInt32, UInt32, Bool) -> Void) {
        // The service above called this one, though nothing but the client's own name tells of it.
        if let ancestor, ancestor.serviceName != 0, span.serviceName != 0, ancestor.serviceName != span.serviceName {
            add(ancestor.serviceName, span.serviceName, false)
        }
        addCall(from: span.serviceName, to: span.site.remoteServiceName, span, ancestor, add)
    }

    private func addCall(
        from caller: UInt32, to child: UInt32, _ span: CallSpan, _ ancestor: CallSpan?,
        _ add: (UInt32, UInt32, Bool) -> Void
    ) {
        var parent = caller
        var isError = span.isError
        if let ancestor, ancestor.serviceName != 0 {
            if span.kind == .server || parent == 0 { parent = ancestor.serviceName }
            // A server may not know that its answer never came.
            if ancestor.kind == .client && ancestor.isError && span.parentID == ancestor.spanID { isError = true }
        }
        guard parent != 0, child != 0 else { return }
        add(parent, child, isError)
    }
}
