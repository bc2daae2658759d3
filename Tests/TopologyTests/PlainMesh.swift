import Topology
import TraceModel

/// What a mesh's rules count of one trace whose spans have an ID each, or share one between a client and a server that
/// says so: the rules once more, by tables and recursion.
struct PlainMesh {
    typealias Part = CallTrace.Part

    private let parts: [Part]
    /// Places of the parents that parts name, and without those that go round in a circle.
    private var named: [Int?] = []
    private var parents: [Int?] = []
    private var sums: [String: (calls: Int, errors: Int)] = [:]

    static func lines(_ parts: [Part]) -> [String] {
        var mesh = PlainMesh(parts: parts)
        mesh.count()
        return mesh.sums.map { "\($0) \($1.calls)" + ($1.errors > 0 ? " (\($1.errors) failed)" : "") }.sorted()
    }

    private init(parts: [Part]) {
        self.parts = parts.map { part in part.with { if $0.parent == $0.id { $0.parent = 0 } } }
        named = self.parts.map(parent)
        parents = named.indices.map { isInCircle($0) ? nil : named[$0] }
    }

    private func parent(of part: Part) -> Int? {
        func own(_ id: UInt64) -> Int? { parts.firstIndex { $0.id == id && !$0.isShared } }
        func shared(_ id: UInt64) -> Int? { parts.firstIndex { $0.id == id && $0.isShared } }
        if part.isShared, let half = own(part.id) { return half }
        guard part.parent != 0 else { return nil }
        if let server = shared(part.parent), parts[server].service == part.service { return server }
        return own(part.parent) ?? shared(part.parent)
    }

    private func isInCircle(_ place: Int) -> Bool {
        var above = named[place]
        for _ in parts {
            if above == place { return true }
            above = above.flatMap { named[$0] }
        }
        return false
    }

    // MARK: What stands where

    private func isSame(_ a: Part, _ b: Part) -> Bool {
        func isAlias(_ short: Part, _ long: Part) -> Bool {
            !short.service.isEmpty && !short.service.contains(".") && long.service.hasPrefix(short.service + ".")
                && (short.namespace.isEmpty || long.service.dropFirst(short.service.count + 1) == short.namespace)
        }
        return a.service == b.service || isAlias(a, b) || isAlias(b, a)
    }

    private func isMirrored(_ place: Int) -> Bool {
        parts[place].isMirror || parents[place].map(isMirrored) ?? false
    }

    private func entry(_ place: Int) -> Part? {
        if [.server, .consumer].contains(parts[place].kind) { return parts[place] }
        guard let parent = parents[place], isSame(parts[place], parts[parent]) else { return nil }
        return entry(parent)
    }

    private func children(_ place: Int) -> [Int] { parts.indices.filter { parents[$0] == place } }

    private func isCaller(_ part: Part) -> Bool { part.kind == .client || part.kind == .producer }

    private func servers(_ place: Int) -> [Int] {
        children(place).filter { parts[$0].kind == .server }.sorted { a, b in
            let (first, second) = (parts[a].start ?? .max, parts[b].start ?? .max)
            return first != second
                ? first < second : (parts[a].id, parts[a].isShared ? 1 : 0) < (parts[b].id, parts[b].isShared ? 1 : 0)
        }
    }

    private func inner(_ place: Int) -> Int? {
        children(place).filter {
            isCaller(parts[$0]) && !parts[$0].isMirror && isCaller(parts[place]) && isSame(parts[$0], parts[place])
        }.min { (parts[$0].id, parts[$0].isShared ? 1 : 0) < (parts[$1].id, parts[$1].isShared ? 1 : 0) }
    }

    // MARK: Counting

    private mutating func add(_ text: String, _ part: Part? = nil) {
        sums[text, default: (0, 0)].calls += 1
        if part?.isError == true { sums[text, default: (0, 0)].errors += 1 }
    }

    private func text(_ part: Part, _ operation: String = "") -> String {
        text(part.service, part.namespace, part.version, operation)
    }

    private func text(_ service: String, _ namespace: String = "", _ version: String, _ operation: String = "")
        -> String
    {
        service + (namespace.isEmpty ? "" : "/" + namespace) + (version.isEmpty ? "" : "@" + version)
            + (operation.isEmpty ? "" : ":" + operation)
    }

    private func callerText(_ place: Int) -> String {
        let party = text(parts[place], entry(place)?.operation ?? "")
        return party.isEmpty ? "" : party + ">"
    }

    private func otherSide(_ part: Part) -> String {
        part.target.isEmpty ? part.remote : text(part.target, "", part.targetVersion)
    }

    private mutating func count() {
        for (place, part) in parts.enumerated() {
            let mirrored = isMirrored(place)
            add("operation \(part.kind) " + (mirrored ? "mirrored " : "") + text(part, part.operation), part)
            if part.parent != 0, named[place] == nil { add("orphan " + text(part)) }
            switch part.kind {
            case .server, .consumer: countAnswer(place, part, mirrored)
            case .client, .producer:
                let isAnswered = children(place).contains { [.server, .consumer].contains(parts[$0].kind) }
                if !isAnswered, inner(place) == nil { countOneSided(place, part, mirrored) }
                if part.parent == 0 { countUnjoined(place, part) }
            case .local, .unspecified: break
            }
        }
        let order = parts.sorted { ($0.id, $0.isShared ? 1 : 0) < ($1.id, $1.isShared ? 1 : 0) }
        guard let first = order.first(where: { $0.kind == .server || $0.kind == .client }), !first.service.isEmpty,
            parts.allSatisfy({ $0.service == first.service })
        else { return }
        add("lonely " + text(first))
    }

    private mutating func countAnswer(_ place: Int, _ part: Part, _ mirrored: Bool) {
        let kind = part.kind == .server ? "rpc" : "messaging"
        guard let parent = parents[place] else {
            if !part.remote.isEmpty { add("\(kind) \(part.remote)>" + text(part, part.operation), part) }
            return
        }
        let above = parts[parent]
        if !isCaller(above) {
            if above.service == part.service || above.kind == .server && isSame(above, part) { return }
        }
        let isRetried = part.kind == .server && above.kind == .client && servers(parent).first != place
        let way = mirrored ? "mirrored" : isRetried ? "retried" : kind
        add("\(way) " + callerText(parent) + text(part, part.operation), part)
    }

    private mutating func countOneSided(_ place: Int, _ part: Part, _ mirrored: Bool) {
        guard !otherSide(part).isEmpty else { return }
        let isMessage = part.kind == .producer || part.isMessaging
        let way = mirrored ? "mirrored" : isMessage ? "messaging" : part.isDatabase ? "database" : "oneSided"
        add("\(way) " + callerText(place) + otherSide(part), part)
    }

    private mutating func countUnjoined(_ place: Int, _ part: Part) {
        var outer = place
        while servers(outer).isEmpty, let next = inner(outer) { outer = next }
        let callee = servers(outer).first.map { text(parts[$0]) } ?? otherSide(parts[outer])
        let caller = text(part)
        add("unjoined " + (caller.isEmpty ? "" : caller + ">") + callee)
    }
}
