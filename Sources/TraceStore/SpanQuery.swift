package import SegmentStore
internal import Topology
public import TraceModel

/// Which spans to tell of one by one, without their traces.
public struct SpanQuery: Sendable {
    public var serviceName: String
    /// Requests served, unless it says otherwise.
    public var kinds: Set<SpanKind> = [.server, .consumer]
    /// As the topology knows it; nil: any.
    public var version: String?
    /// Whether they are at or below a proxy's copy of a request; nil: either. Takes looking at their traces where there
    /// are such copies at all.
    public var isMirrored: Bool?
    /// Of their starts, nanoseconds since 1970.
    public var window: Range<Int64>
    /// At most.
    public var limit: Int

    public init(serviceName: String, window: Range<Int64>, limit: Int) {
        self.serviceName = serviceName
        self.window = window
        self.limit = limit
    }

    /// Whether a span is asked for, as far as it tells itself.
    package func isMet(by span: SpanView) -> Bool {
        guard let start = span.start, window.contains(start), kinds.contains(span.traits.kind),
            span.serviceName.elementsEqual(serviceName.utf8)
        else { return false }
        guard let version else { return true }
        return CallAttributes.version(of: span)?.elementsEqual(version.utf8) ?? false
    }

    /// Finds every span that is asked for, and others.
    package var condition: SpanFilter.Condition {
        let kinds = kinds
        var parts: [SpanFilter.Condition] = [
            .clause(.service(.equals(Array(serviceName.utf8)))), .clause(.traits { kinds.contains($0.kind) }),
        ]
        if let version {
            parts.append(
                .any(
                    CallAttributes.versionKeys.flatMap { key in
                        [SpanFilter.AttributeTest.Owner.span, .resource].map { owner in
                            .clause(.attribute(.init(owner, key: key, equals: version)))
                        }
                    }))
        }
        return .all(parts)
    }

    /// Finds the proxies' copies of requests.
    package static var mirrors: SpanFilter.Condition {
        .all([
            .clause(.operation(.equals(Array(CallAttributes.mirrorName.utf8)))),
            .clause(.traits { $0.kind == .client }),
            .clause(.lacks(CallAttributes.meshKeys.map { Array($0.utf8) })),
        ])
    }

    package var closedWindow: ClosedRange<Int64> {
        window.lowerBound...max(window.lowerBound, window.upperBound - (window.isEmpty ? 0 : 1))
    }

    /// How long before a span its trace may have begun, where copies of requests are looked for; nanoseconds.
    package static let mirrorReach: Int64 = 3_600_000_000_000
}

/// What a search for spans tells when it has ended.
public struct SpanQueryOutcome: Sendable {
    /// All that is stored was looked at: neither the limit nor the time ended it.
    public var isComplete = true
    /// Why spans may be missing, in words; empty if none are.
    public var gaps: [String] = []

    package init() {}
}
