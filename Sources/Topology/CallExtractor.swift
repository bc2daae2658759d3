internal import Bytes
public import TraceModel

/// Finds the sites of spans.
///
/// What the spans of a shape have in common is looked at once for each batch, and spans that differ only in their IDs
/// and times, or in attributes that the topology does not read, share a site that is made once. For one thread at a
/// time; keeps room between batches, and nothing of them.
///
/// Where the facts of a site are from, the first that is there and not empty:
/// - namespace: `istio.namespace`, `service.namespace`, `k8s.namespace.name`, of the span or else of its resource; what
///   follows the dot of a service named `app.namespace`, as a mesh names it.
/// - version: `istio.destination_canonical_revision` (a waypoint speaks for the workload behind it),
///   `istio.canonical_revision`, `service.version`, `version`, of the span or else of its resource.
/// - the other side of a client or producer: `peer.service`, the cluster of `upstream_cluster`, a name in
///   `server.address` or `net.peer.name`, `db.namespace`, `db.name`, `db.system.name`, `db.system`, `messaging.system`,
///   `messaging.destination.name`, `messaging.destination`. An IP address is nobody's name.
public struct CallExtractor: Sendable {
    /// A word of a row that a site depends on, and what it tells.
    struct Slot: BitwiseCopyable {
        var word: UInt32
        /// nil: the resource.
        var role: CallAttributes.Role?
    }

    /// What the spans of a shape have in common.
    private struct Plan {
        var slots: Range<Int>
        /// The row that a site was made or found for last, and that site; -1: none.
        var lastRow = -1
        var lastSite: UInt32 = 0
    }

    private struct Entry {
        var hash: UInt64
        /// A row that has the site's shape and words; -1: the place is free.
        var row = -1
        var site: UInt32 = 0
    }

    private enum KeyRole {
        case unknown, none
        case role(CallAttributes.Role)
    }

    private var plans: [Plan] = []
    private var hasShared = false
    private var slots: [Slot] = []
    /// Of each string of the batch, what it tells as a key.
    private var keyRoles: [KeyRole] = []
    /// The sites made of a batch: open addressing.
    private var entries: [Entry] = []
    private var entryCount = 0
    /// Nobody outside can know which words fall into the same place.
    private let seed = UInt64.random(in: .min ... .max)

    public init() {}

    /// Appends the number of each span's site, in the order of the batch.
    /// - Returns: whether there may be spans that share their IDs.
    public mutating func append(_ batch: SpanBatch, to sites: inout [UInt32], _ names: inout CallNames) -> Bool {
        examineShapes(batch)
        removeEntries()
        let ids = batch.pointers
        for row in 0..<batch.spanCount {
            sites.append(site(ofRow: row, shape: Int(ids.shapes[row]), batch, ids, &names))
        }
        return hasShared
    }

    /// Appends a record for each span, in the order of the batch.
    package mutating func append(_ batch: SpanBatch, to records: inout [CallRecord], _ names: inout CallNames) {
        var sites: [UInt32] = []
        let hasShared = append(batch, to: &sites, &names)
        let columns = CallColumns(batch, hasShared: hasShared)
        for (row, site) in sites.enumerated() { records.append(columns.record(ofRow: row, site: site)) }
    }

    // MARK: Shapes

    private mutating func examineShapes(_ batch: SpanBatch) {
        plans.removeAll(keepingCapacity: true)
        hasShared = false
        slots.removeAll(keepingCapacity: true)
        keyRoles.removeAll(keepingCapacity: true)
        keyRoles.append(contentsOf: repeatElement(.unknown, count: batch.stringCount))
        for number in 0..<batch.shapeCount {
            let shape = batch.shape(number)
            if shape.traits.isShared { hasShared = true }
            let isCaller = shape.traits.kind == .client || shape.traits.kind == .producer
            let firstSlot = slots.count
            var word: UInt32 = 0
            for index in 0..<shape.columnCount {
                let column = shape.column(index)
                if column.role == .attribute {
                    if column.type == .string, let role = role(ofKey: column.key, batch),
                        isCaller || !role.isOfOtherSide
                    {
                        slots.append(Slot(word: word, role: role))
                    }
                } else if column.field == .resource {
                    slots.append(Slot(word: word, role: nil))
                } else if column.field == .remoteServiceName {
                    slots.append(Slot(word: word, role: .remoteServiceName))
                }
                word += UInt32(column.type.wordCount)
            }
            plans.append(Plan(slots: firstSlot..<slots.count))
        }
    }

    @inline(__always)
    private mutating func role(ofKey key: UInt32, _ batch: SpanBatch) -> CallAttributes.Role? {
        switch keyRoles[Int(key)] {
        case .none: return nil
        case .role(let role): return role
        case .unknown:
            let role = CallAttributes.role(of: batch.string(key))
            keyRoles[Int(key)] = role.map { .role($0) } ?? KeyRole.none
            return role
        }
    }

    // MARK: Sites

    private mutating func site(
        ofRow row: Int, shape: Int, _ batch: SpanBatch, _ ids: SpanBatch.Pointers, _ names: inout CallNames
    ) -> UInt32 {
        let plan = plans[shape]
        let words = ids.valueWords + Int(ids.firstWords[row])
        if plan.lastRow >= 0, isSame(plan, words, ids.valueWords + Int(ids.firstWords[plan.lastRow])) {
            return plan.lastSite
        }
        var hash = ByteHash.fold(UInt64(shape) ^ seed, ByteHash.seed)
        for slot in plan.slots { hash = ByteHash.fold(hash ^ UInt64(words[Int(slots[slot].word)]), ByteHash.seed) }
        var place = Int(truncatingIfNeeded: hash) & (entries.count - 1)
        while entries[place].row >= 0 {
            let entry = entries[place]
            if entry.hash == hash, Int(ids.shapes[entry.row]) == shape,
                isSame(plan, words, ids.valueWords + Int(ids.firstWords[entry.row]))
            {
                plans[shape].lastRow = row
                plans[shape].lastSite = entry.site
                return entry.site
            }
            place = (place + 1) & (entries.count - 1)
        }
        let facts = SiteFacts(batch, batch.shape(shape), slots[plan.slots], words)
        let site = names.number(of: facts.site(&names))
        entries[place] = Entry(hash: hash, row: row, site: site)
        entryCount += 1
        if entryCount * 2 > entries.count { growEntries() }
        plans[shape].lastRow = row
        plans[shape].lastSite = site
        return site
    }

    @inline(__always)
    private func isSame(_ plan: Plan, _ a: UnsafePointer<UInt32>, _ b: UnsafePointer<UInt32>) -> Bool {
        for slot in plan.slots {
            let word = Int(slots[slot].word)
            if a[word] != b[word] { return false }
        }
        return true
    }

    private static let entryCountMin = 64
    /// Room kept between batches.
    private static let entryCountKept = 1 << 14

    private mutating func removeEntries() {
        if entries.isEmpty || entries.count > Self.entryCountKept {
            entries = Array(repeating: Entry(hash: 0), count: Self.entryCountMin)
        } else if entryCount > 0 {
            for place in entries.indices { entries[place].row = -1 }
        }
        entryCount = 0
    }

    private mutating func growEntries() {
        let old = entries
        entries = Array(repeating: Entry(hash: 0), count: old.count * 4)
        for entry in old where entry.row >= 0 {
            var place = Int(truncatingIfNeeded: entry.hash) & (entries.count - 1)
            while entries[place].row >= 0 { place = (place + 1) & (entries.count - 1) }
            entries[place] = entry
        }
    }
}
