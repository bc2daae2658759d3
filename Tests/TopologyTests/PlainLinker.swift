import Topology
import TraceModel

/// Links of a trace whose spans have an ID each, or share one between a client and a server that says so: the rules
/// once more, by tables and recursion.
struct PlainLinker {
    private let parts: [CallTrace.Part]
    private var sums: [String: (calls: Int, errors: Int, link: (String, String))] = [:]

    static func links(_ parts: [CallTrace.Part]) -> [String] {
        var linker = PlainLinker(parts: parts.sorted { ($0.id, $0.isShared ? 1 : 0) < ($1.id, $1.isShared ? 1 : 0) })
        linker.run()
        return linker.sums.values.map { sum in
            DependencyLink(parent: sum.link.0, child: sum.link.1, callCount: sum.calls, errorCount: sum.errors)
        }.sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }.map(\.text)
    }

    private init(parts: [CallTrace.Part]) { self.parts = parts }

    private static func parentID(_ part: CallTrace.Part) -> UInt64 { part.parent == part.id ? 0 : part.parent }

    private mutating func run() {
        let root = parts.firstIndex { !$0.isShared && Self.parentID($0) == 0 }
        var children: [Int: [Int]] = [:]
        for (place, part) in parts.enumerated() where place != root {
            let parent: Int?
            if part.isShared {
                parent = parts.firstIndex { $0.id == part.id && !$0.isShared }
            } else {
                let wanted = Self.parentID(part)
                parent =
                    wanted == 0
                    ? nil
                    : parts.firstIndex { $0.id == wanted && $0.isShared && $0.service == part.service }
                        ?? parts.firstIndex { $0.id == wanted && !$0.isShared }
            }
            children[parent ?? root ?? -1, default: []].append(place)
        }
        if let root {
            visit(root, above: nil, children)
        } else {
            for place in children[-1] ?? [] { visit(place, above: nil, children) }
        }
    }

    private mutating func visit(_ place: Int, above: CallTrace.Part?, _ children: [Int: [Int]]) {
        let part = parts[place]
        count(part, above, isLeaf: children[place] == nil)
        let isRemote = ![.unspecified, .local].contains(part.kind)
        for child in children[place] ?? [] { visit(child, above: isRemote ? part : above, children) }
    }

    private mutating func count(_ part: CallTrace.Part, _ above: CallTrace.Part?, isLeaf: Bool) {
        var kind = part.kind == .local ? .unspecified : part.kind
        if kind == .client && !isLeaf { return }
        if kind == .unspecified {
            if part.service.isEmpty || part.remote.isEmpty { return }
            kind = .client
        }
        switch kind {
        case .producer: return add(part.service, part.remote, part.isError)
        case .consumer: return add(part.remote, part.service, part.isError)
        default: break
        }
        let (caller, child) = kind == .server ? (part.remote, part.service) : (part.service, part.remote)
        var parent = caller
        var isError = part.isError
        if let above, !above.service.isEmpty {
            if kind == .client, !part.service.isEmpty, part.service != above.service {
                add(above.service, part.service, false)
            }
            if kind == .server || parent.isEmpty { parent = above.service }
            if above.kind == .client, above.isError, Self.parentID(part) == above.id { isError = true }
        }
        add(parent, child, isError)
    }

    private mutating func add(_ parent: String, _ child: String, _ isError: Bool) {
        if parent.isEmpty || child.isEmpty { return }
        let known = sums[parent + ">" + child]
        sums[parent + ">" + child] = (
            (known?.calls ?? 0) + 1, (known?.errors ?? 0) + (isError ? 1 : 0), (parent, child)
        )
    }
}

extension CallTrace {
    /// The same, timed, without what would be put together: one span for each ID, or a client and the server that
    /// shares it.
    func withOneSpanPerID() -> CallTrace {
        var own: [UInt64: Part] = [:]
        var shared: [UInt64: Part] = [:]
        for part in parts {
            if part.isShared { shared[part.id] = part } else { own[part.id] = part }
        }
        for (id, part) in shared {
            guard let parent = own[id]?.parent, part.parent == 0 || part.parent == id else { continue }
            shared[id]?.parent = parent
        }
        return CallTrace((Array(own.values) + Array(shared.values)).map { $0.with { $0.start = 60 } })
    }
}
