internal import Bytes
internal import Topology
internal import TraceModel

/// A trace, or a part of it, as hops: a call is one hop, whether its client, its server or both told of it.
struct HopTree {
    /// One call, or a piece of work within a process.
    struct Hop {
        /// The place of the client's span, or of the only one.
        var outer: Int32
        /// The place of the server's span, or of the only one.
        var inner: Int32
        /// The number of what it is matched by.
        var label: Int32 = 0
        /// How alike two hops with the same label are; of texts hashes, 0 for none.
        var likeness = Likeness()
        fileprivate(set) var firstChild: Int32 = 0
        fileprivate(set) var childCount: Int32 = 0
    }

    /// What tells calls of one operation apart, so that the right ones are matched where some are missing.
    struct Likeness: Equatable {
        /// Of the URL.
        var path: UInt64 = 0
        /// Of the labels of all that is below.
        var shape: UInt64 = 0
        /// Of the outcome.
        var outcome: UInt64 = 0

        /// By nothing that depends on which of two traces comes first.
        func isBefore(_ other: Likeness) -> Bool {
            (path, shape, outcome) < (other.path, other.shape, other.outcome)
        }
    }

    let tree: TimedTree
    /// Parents before their children, siblings by start.
    private(set) var hops: [Hop] = []
    private(set) var roots: [Int32] = []
    private var children: [Int32] = []
    /// By place; -1: not looked at.
    private(set) var hopOf: [Int32]

    init(_ tree: TimedTree, _ labels: inout HopLabels) {
        self.tree = tree
        hopOf = [Int32](repeating: -1, count: tree.count)
        let inners = innerPlaces()
        for place in tree.order where hopOf[Int(place)] < 0 {
            let inner = inners[Int(place)] >= 0 ? inners[Int(place)] : place
            hopOf[Int(place)] = Int32(hops.count)
            hopOf[Int(inner)] = Int32(hops.count)
            var hop = Hop(outer: place, inner: inner)
            hop.label = labels.number(ofOuter: tree.row(place), inner: tree.row(inner), tree.gathered)
            hops.append(hop)
        }
        roots = tree.roots.map { hopOf[Int($0)] }
        setChildren()
        setLikeness(labels)
    }

    func children(_ hop: Int32) -> ArraySlice<Int32> {
        let first = Int(hops[Int(hop)].firstChild)
        return children[first..<first + Int(hops[Int(hop)].childCount)]
    }

    /// For each client the server whose answer it got: of several tries the last; -1: none.
    private func innerPlaces() -> [Int32] {
        var inners = [Int32](repeating: -1, count: tree.count)
        for place in tree.order where tree.kind(place) == .server && tree.parents[Int(place)] >= 0 {
            let parent = Int(tree.parents[Int(place)])
            guard tree.kind(Int32(parent)) == .client else { continue }
            let known = inners[parent]
            if known < 0 || tree.starts[Int(known)] <= tree.starts[Int(place)] { inners[parent] = place }
        }
        return inners
    }

    private mutating func setChildren() {
        for hop in hops.indices {
            let (outer, inner) = (hops[hop].outer, hops[hop].inner)
            hops[hop].firstChild = Int32(children.count)
            for place in tree.children(outer) where hopOf[Int(place)] != Int32(hop) {
                children.append(hopOf[Int(place)])
            }
            if inner != outer { children += tree.children(inner).map { hopOf[Int($0)] } }
            let first = Int(hops[hop].firstChild)
            hops[hop].childCount = Int32(children.count - first)
            guard inner != outer, children.count - first > 1 else { continue }
            children[first...].sort { a, b in
                (tree.starts[Int(hops[Int(a)].outer)], a) < (tree.starts[Int(hops[Int(b)].outer)], b)
            }
        }
    }

    private mutating func setLikeness(_ labels: HopLabels) {
        // Children stand behind their parents.
        for hop in hops.indices.reversed() {
            var shape = labels.hash(hops[hop].label)
            for child in children(Int32(hop)) { shape = ByteHash.fold(shape ^ hops[Int(child)].likeness.shape, 0x9e37) }
            let outer = CallOutcome(tree.span(hops[hop].outer))
            let inner = hops[hop].inner == hops[hop].outer ? outer : CallOutcome(tree.span(hops[hop].inner))
            hops[hop].likeness = Likeness(
                path: inner.pathHash != 0 ? inner.pathHash : outer.pathHash, shape: shape,
                outcome: ByteHash.fold(outer.hash ^ ByteHash.seed, inner.hash ^ 0x9e37))
        }
    }
}

/// What hops are matched by: the service that is called, its operation and how it is called; each once, for two traces.
struct HopLabels {
    /// Names are numbers of the spans' `CallNames`.
    struct Label: Hashable {
        var serviceName: UInt32
        /// By `ReleaseComparison.commonName`.
        var operationName: UInt32
        var kind: HopKind
    }

    private(set) var labels: [Label] = []
    private var hashes: [UInt64] = []
    private var numbers: [Label: Int32] = [:]
    /// By the sites of the outer and of the inner span.
    private var known: [UInt64: Int32] = [:]
    /// By the number of a name.
    private var commonNames: [UInt32: UInt32] = [:]
    private var names: CallNames

    init(_ names: CallNames) { self.names = names }

    func hash(_ label: Int32) -> UInt64 { hashes[Int(label)] }

    mutating func number(ofOuter outer: Int, inner: Int, _ gathered: GatheredSpans) -> Int32 {
        let key = UInt64(gathered.sites[outer]) << 32 | UInt64(gathered.sites[inner])
        if let number = known[key] { return number }
        let site = gathered.site(inner)
        let kind = HopKind(outer: gathered.site(outer), inner: site)
        var serviceName = site.serviceName
        if kind.isCall, site.traits.kind == .client {
            serviceName = site.target != 0 ? site.target : site.remoteServiceName
            if serviceName == 0 { serviceName = site.serviceName }
        }
        let label = Label(serviceName: serviceName, operationName: commonName(site.operationName), kind: kind)
        let number = numbers[label, default: Int32(labels.count)]
        if number == labels.count {
            numbers[label] = number
            labels.append(label)
            var hash = UInt64(kind.rawValue)
            for name in [label.serviceName, label.operationName] {
                hash = names.withName(name) { ByteHash.fold(hash ^ ByteHash.hash($0), ByteHash.seed) }
            }
            hashes.append(hash)
        }
        known[key] = number
        return number
    }

    private mutating func commonName(_ name: UInt32) -> UInt32 {
        if let known = commonNames[name] { return known }
        let common = names.number(of: ReleaseComparison.commonName(names.text(name)))
        commonNames[name] = common
        return common
    }

    func serviceName(_ label: Int32) -> String { names.text(labels[Int(label)].serviceName) }
    func operationName(_ label: Int32) -> String { names.text(labels[Int(label)].operationName) }
    func kind(_ label: Int32) -> HopKind { labels[Int(label)].kind }
}

/// How a hop comes about.
enum HopKind: UInt8 {
    case call, database, sent, received, local, mirrored

    init(outer: CallSite, inner: CallSite) {
        if outer.traits.isMirror {
            self = .mirrored
        } else if inner.traits.isDatabase, inner.traits.kind == .client {
            self = .database
        } else {
            switch inner.traits.kind {
            case .client, .server: self = .call
            case .producer: self = .sent
            case .consumer: self = .received
            case .local, .unspecified: self = .local
            }
        }
    }

    /// The service called may be another one than that of the span.
    var isCall: Bool { self == .call || self == .database || self == .mirrored }

    var word: String {
        switch self {
        case .call: "call"
        case .database: "database"
        case .sent: "sent"
        case .received: "received"
        case .local: "local"
        case .mirrored: "mirrored"
        }
    }
}
