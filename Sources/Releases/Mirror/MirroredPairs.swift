internal import Topology
internal import TraceModel

/// Copies of requests that proxies sent to one version of a service, each beside the request that it is a copy of.
///
/// A copy is what was served below a proxy's span of it; the request is what the same service served below the parent
/// of that span, or, where the proxy has the copy beside its call and not within it, below another call of that parent;
/// of several (tries, calls one after the other) the one that began nearest. Each is the request of one copy only.
struct MirroredPairs {
    struct Pair {
        var traceID: TraceID
        /// Of the servers' spans.
        var requestStatus: String
        var copyStatus: String
        /// Nanoseconds that the copy took longer; nil if a span does not say.
        var difference: Int64?
    }

    /// What a request, or its copy, had others do.
    struct Call: Hashable {
        var serviceName: String
        /// By `ReleaseComparison.commonName`.
        var operation: String
        var kind: HopKind
    }

    struct CallCount {
        /// As it was called first.
        var operation: String
        /// Of all copies that have a request, and of these requests.
        var copies = 0
        var requests = 0
    }

    private let serviceName: String
    private let base: String
    private let candidate: String

    private(set) var pairs: [Pair] = []
    /// Copies without a request.
    private(set) var unpairedCount = 0
    /// Copies of requests that other versions served.
    private(set) var otherCounts: [String: Int] = [:]
    private(set) var calls: [Call: CallCount] = [:]
    /// Copies that were not looked at, since their trace has so many.
    private(set) var leftOutCount = 0

    /// Copies of one trace that are looked at.
    private static let copyCountMax = 50

    init(of serviceName: String, base: String, candidate: String) {
        self.serviceName = serviceName
        self.base = base
        self.candidate = candidate
    }

    mutating func add(_ trace: Trace) {
        let gathered = GatheredSpans(trace)
        let tree = TimedTree(gathered, rows: gathered.firstRows)
        var labels = HopLabels(gathered.names)
        let hops = HopTree(tree, &labels)
        var taken: Set<Int32> = []
        var count = 0
        for copy in tree.order where isCopy(copy, tree) {
            guard count < Self.copyCountMax else {
                leftOutCount += 1
                continue
            }
            count += 1
            guard let request = request(of: copy, tree, except: taken) else {
                unpairedCount += 1
                continue
            }
            taken.insert(request)
            let version = gathered.names.text(tree.site(request).version)
            guard version == base else {
                otherCounts[version, default: 0] += 1
                continue
            }
            addPair(request, copy, trace.traceID, hops, labels)
        }
    }

    private func isServed(_ place: Int32, _ tree: TimedTree) -> Bool {
        let name = tree.gathered.names.withName(tree.site(place).serviceName) { $0.elementsEqual(serviceName.utf8) }
        return name && (tree.kind(place) == .server || tree.kind(place) == .consumer)
    }

    private func isCopy(_ place: Int32, _ tree: TimedTree) -> Bool {
        let parent = tree.parents[Int(place)]
        guard parent >= 0, tree.site(parent).traits.isMirror, isServed(place, tree) else { return false }
        let version = tree.site(place).version
        return tree.gathered.names.withName(version) { $0.elementsEqual(candidate.utf8) }
    }

    private func request(of copy: Int32, _ tree: TimedTree, except taken: Set<Int32>) -> Int32? {
        let caller = tree.parents[Int(tree.parents[Int(copy)])]
        guard caller >= 0 else { return nil }
        func served(below place: Int32) -> [Int32] {
            tree.children(place).filter { isServed($0, tree) && !taken.contains($0) }
        }
        var found = served(below: caller)
        if found.isEmpty, tree.kind(caller) != .client {
            for call in tree.children(caller) where tree.kind(call) == .client && !tree.site(call).traits.isMirror {
                found += served(below: call)
            }
        }
        let start = tree.starts[Int(copy)]
        func distance(_ place: Int32) -> UInt64 { tree.starts[Int(place)].subtractingClamped(start).magnitude }
        return found.min { (distance($0), $0) < (distance($1), $1) }
    }

    private mutating func addPair(
        _ request: Int32, _ copy: Int32, _ traceID: TraceID, _ hops: HopTree, _ labels: HopLabels
    ) {
        let tree = hops.tree
        var difference: Int64?
        if let own = tree.duration(copy), let other = tree.duration(request) { difference = own - other }
        pairs.append(
            Pair(
                traceID: traceID, requestStatus: CallOutcome(tree.span(request)).code,
                copyStatus: CallOutcome(tree.span(copy)).code, difference: difference))
        forEachCall(below: copy, hops, labels) { call, operation in
            calls[call, default: CallCount(operation: operation)].copies += 1
        }
        forEachCall(below: request, hops, labels) { call, operation in
            calls[call, default: CallCount(operation: operation)].requests += 1
        }
    }

    /// The calls, and messages, that were made for a request: also those that others made for it; no copies.
    private func forEachCall(
        below place: Int32, _ hops: HopTree, _ labels: HopLabels, _ body: (Call, _ operation: String) -> Void
    ) {
        let tree = hops.tree
        var waiting = tree.children(place).map { hops.hopOf[Int($0)] }
        while let number = waiting.popLast() {
            let hop = hops.hops[Int(number)]
            let kind = labels.kind(hop.label)
            if kind == .mirrored { continue }
            waiting += hops.children(number)
            let outerKind = tree.kind(hop.outer)
            guard outerKind == .client || outerKind == .producer else { continue }
            let call = Call(
                serviceName: labels.serviceName(hop.label), operation: labels.operationName(hop.label), kind: kind)
            body(call, tree.gathered.names.text(tree.site(hop.inner).operationName))
        }
    }
}
