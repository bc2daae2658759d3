internal import TraceModel

/// Makes dependency links of spans, trace by trace, by Zipkin's rules, and sums them.
///
/// A call is counted once, where both of its sides tell of it: at the server. Memory: the spans of the largest trace,
/// and the names and links.
public struct DependencyLinker: Sendable {
    private var names = NameTable()
    private var tree = CallTree()
    /// By caller (high half) and callee.
    private var sums: [UInt64: Sum] = [:]

    private struct Sum {
        var callCount = 0
        var errorCount = 0
    }

    public init() {}

    /// The number of a name, UTF-8; 0 for the empty one.
    public mutating func number(of name: UnsafeRawBufferPointer) -> UInt32 { names.intern(name) }

    /// Counts the calls of whole traces. The spans may be in any order, and are put in another; equal ones count once.
    public mutating func add(_ spans: inout [CallSpan]) {
        sort(&spans)
        var first = 0
        while first < spans.count {
            var end = first + 1
            while end < spans.count, spans[end].traceIDLow == spans[first].traceIDLow { end += 1 }
            tree.build(spans[first..<end])
            countCalls()
            first = end
        }
    }

    /// Adds to the sums what was counted elsewhere.
    public mutating func add(_ link: DependencyLink) {
        func number(_ name: String) -> UInt32 {
            var name = name
            return name.withUTF8 { names.intern(UnsafeRawBufferPointer($0)) }
        }
        add(number(link.parent), number(link.child), callCount: link.callCount, errorCount: link.errorCount)
    }

    /// All links so far, by parent, then child.
    public var links: [DependencyLink] {
        sums.map { pair, sum in
            DependencyLink(
                parent: names.text(UInt32(pair >> 32)), child: names.text(UInt32(truncatingIfNeeded: pair)),
                callCount: sum.callCount, errorCount: sum.errorCount)
        }.sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }
    }

    // MARK: Order

    private static let smallCount = 24

    private func sort(_ spans: inout [CallSpan]) {
        guard spans.count <= Self.smallCount else { return spans.sort { isBefore($0, $1) } }
        for end in spans.indices.dropFirst() {
            let span = spans[end]
            var place = end
            while place > 0, isBefore(span, spans[place - 1]) {
                spans[place] = spans[place - 1]
                place -= 1
            }
            spans[place] = span
        }
    }

    /// By trace and ID; of spans with one ID the client first and those that share it last, parts of one span together.
    /// What is left decides so that the order of arrival never does.
    private func isBefore(_ a: CallSpan, _ b: CallSpan) -> Bool {
        if a.traceIDLow != b.traceIDLow { return a.traceIDLow < b.traceIDLow }
        if a.spanID != b.spanID { return a.spanID < b.spanID }
        if a.isShared != b.isShared { return b.isShared }
        let (isFirstClient, isSecondClient) = (a.kind == .client, b.kind == .client)
        if !a.isShared, isFirstClient != isSecondClient { return isFirstClient }
        if a.serviceName != b.serviceName { return names.isBefore(a.serviceName, b.serviceName) }
        if a.address != b.address { return a.address < b.address }
        if a.kind != b.kind { return a.kind.rawValue < b.kind.rawValue }
        if a.remoteServiceName != b.remoteServiceName {
            return names.isBefore(a.remoteServiceName, b.remoteServiceName)
        }
        return a.parentID != b.parentID ? a.parentID < b.parentID : !a.isError && b.isError
    }

    // MARK: Rules

    private mutating func countCalls() {
        for place in tree.spans.indices where tree.isReachable(place) {
            let span = tree.spans[place]
            switch span.kind {
            case .producer:
                countMessage(from: span.serviceName, to: span.remoteServiceName, span)
            case .consumer:
                countMessage(from: span.remoteServiceName, to: span.serviceName, span)
            case .server:
                countCall(from: span.remoteServiceName, to: span.serviceName, span, tree.remoteAncestor(place))
            case .client:
                // Whatever is below it knows better what was called.
                guard !tree.hasChildren[place] else { continue }
                countClientCall(span, tree.remoteAncestor(place))
            case .unspecified, .local:
                guard span.serviceName != 0, span.remoteServiceName != 0 else { continue }
                countClientCall(span, tree.remoteAncestor(place))
            }
        }
    }

    /// Only the broker says who takes part.
    private mutating func countMessage(from parent: UInt32, to child: UInt32, _ span: CallSpan) {
        guard parent != 0, child != 0 else { return }
        add(parent, child, errorCount: span.isError ? 1 : 0)
    }

    private mutating func countClientCall(_ span: CallSpan, _ ancestor: CallSpan?) {
        // The service above called this one, though nothing but the client's own name tells of it.
        if let ancestor, ancestor.serviceName != 0, span.serviceName != 0, ancestor.serviceName != span.serviceName {
            add(ancestor.serviceName, span.serviceName, errorCount: 0)
        }
        countCall(from: span.serviceName, to: span.remoteServiceName, span, ancestor)
    }

    private mutating func countCall(
        from caller: UInt32, to child: UInt32, _ span: CallSpan, _ ancestor: CallSpan?
    ) {
        var parent = caller
        var isError = span.isError
        if let ancestor, ancestor.serviceName != 0 {
            if span.kind == .server || parent == 0 { parent = ancestor.serviceName }
            // A server may not know that its answer never came.
            if ancestor.kind == .client && ancestor.isError && span.parentID == ancestor.spanID { isError = true }
        }
        guard parent != 0, child != 0 else { return }
        add(parent, child, errorCount: isError ? 1 : 0)
    }

    private mutating func add(_ parent: UInt32, _ child: UInt32, callCount: Int = 1, errorCount: Int) {
        let pair = UInt64(parent) << 32 | UInt64(child)
        sums[pair, default: Sum()].callCount += callCount
        sums[pair, default: Sum()].errorCount += errorCount
    }
}
