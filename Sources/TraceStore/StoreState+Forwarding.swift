internal import Catalog

extension StoreState {
    func destinationID(_ name: String) -> Int64? { withForwarding { forwarding, _, _ in forwarding.ids[name] } }

    func lag(_ name: String) -> ForwardLag {
        withForwarding { forwarding, segments, _ in
            forwarding.ids[name].map { forwarding.lag($0, segments) } ?? ForwardLag()
        }
    }

    func lag(_ destination: Int64) -> ForwardLag {
        withForwarding { forwarding, segments, _ in forwarding.lag(destination, segments) }
    }

    /// A segment that is being rewritten would be handed on twice.
    func nextPending(_ name: String) -> PendingSegment? {
        withForwarding { forwarding, segments, rewritten in
            guard let destination = forwarding.ids[name] else { return nil }
            return forwarding.begin(destination, segments.lazy.filter { !rewritten.contains($0.id) })
        }
    }

    func endPending(_ pending: PendingSegment) {
        withForwarding { forwarding, _, _ in forwarding.end(pending.destinationID, pending.id) }
    }

    func markForwarded(_ pending: PendingSegment, doneSpanCount: Int?) {
        withForwarding { forwarding, _, _ in
            forwarding.mark(pending.destinationID, pending.id, doneSpanCount: doneSpanCount)
        }
    }

    func forgetDestination(_ id: Int64) {
        withForwarding { forwarding, _, _ in forwarding.forget(id) }
    }
}
