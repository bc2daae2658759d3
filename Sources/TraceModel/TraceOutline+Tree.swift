extension TraceOutline {
    /// For each span the place of its parent; -1 where it has none in the trace. No span leads back to itself: a cycle
    /// is opened at its earliest span.
    ///
    /// A server's half of a shared ID is a child of the client's half. Of several spans with the parent's ID the parent
    /// is the one of the same service, or else the server's half.
    /// - Parameter onCut: called with each span that was taken from its parent so.
    public func parentPlaces(onCut: (Int) -> Void = { _ in }) -> [Int32] {
        let byID = starts.indices.map { UInt32($0) }.sorted {
            (spanIDs[Int($0)], $0) < (spanIDs[Int($1)], $1)
        }
        var parents = starts.indices.map { Int32(truncatingIfNeeded: parent(of: $0, byID) ?? -1) }
        openCycles(&parents, onCut)
        return parents
    }

    /// For each span the number of those above it.
    /// - Parameter parents: as `parentPlaces` gave them.
    public func depths(_ parents: [Int32]) -> [Int32] {
        var depths = [Int32](repeating: -1, count: count)
        var way: [Int] = []
        for first in parents.indices where depths[first] < 0 {
            var place = first
            way.removeAll(keepingCapacity: true)
            while depths[place] < 0, parents[place] >= 0 {
                way.append(place)
                place = Int(parents[place])
            }
            if depths[place] < 0 { depths[place] = 0 }
            var depth = depths[place]
            while let next = way.popLast() {
                depth += 1
                depths[next] = depth
            }
        }
        return depths
    }

    /// The places in the order of a drawing: under each span its children, by start.
    /// - Parameter parents: as `parentPlaces` gave them.
    public func drawingOrder(_ parents: [Int32]) -> [Int32] {
        // The first child of each span, its next sibling, and the first root.
        var firstChildren = [Int32](repeating: -1, count: count)
        var nextSiblings = firstChildren
        var firstRoot: Int32 = -1
        for place in parents.indices.reversed() {
            let parent = Int(parents[place])
            nextSiblings[place] = parent < 0 ? firstRoot : firstChildren[parent]
            if parent < 0 { firstRoot = Int32(place) } else { firstChildren[parent] = Int32(place) }
        }
        var order: [Int32] = []
        order.reserveCapacity(count)
        var waiting = [firstRoot]
        while let next = waiting.popLast() {
            guard next >= 0 else { continue }
            order.append(next)
            waiting.append(nextSiblings[Int(next)])
            waiting.append(firstChildren[Int(next)])
        }
        return order
    }

    private func isServer(_ place: Int) -> Bool {
        let traits = traits(place)
        return traits.isShared || traits.kind == .server
    }

    private func parent(of place: Int, _ byID: [UInt32]) -> Int? {
        let traits = traits(place)
        if isServer(place) {
            let twin = first(spanIDs[place], byID) { other in
                let otherTraits = self.traits(other)
                return other != place && otherTraits.kind == .client && !otherTraits.isShared
            }
            if let twin, traits.isShared || parentIDs[place] == parentIDs[twin] { return twin }
        }
        guard parentIDs[place] != 0 else { return nil }
        let group = groups[Int(groupNumbers[place])]
        var best: (rank: Int, place: Int)?
        forEach(parentIDs[place], byID) { other in
            guard other != place, (best?.rank ?? 4) > 0 else { return }
            let isSameService = groups[Int(groupNumbers[other])].serviceName == group.serviceName
            let rank = (isSameService ? 0 : 2) + (isServer(other) ? 0 : 1)
            if rank < best?.rank ?? 4 { best = (rank, other) }
        }
        return best?.place
    }

    /// Of more spans with one ID only the first ones are looked at: a sender may give all the same.
    private static let sharingCountMax = 64

    private func first(_ spanID: UInt64, _ byID: [UInt32], where isWanted: (Int) -> Bool) -> Int? {
        var index = lowerBound(spanID, byID)
        let end = min(byID.count, index + Self.sharingCountMax)
        while index < end, spanIDs[Int(byID[index])] == spanID {
            if isWanted(Int(byID[index])) { return Int(byID[index]) }
            index += 1
        }
        return nil
    }

    private func forEach(_ spanID: UInt64, _ byID: [UInt32], _ body: (Int) -> Void) {
        var index = lowerBound(spanID, byID)
        let end = min(byID.count, index + Self.sharingCountMax)
        while index < end, spanIDs[Int(byID[index])] == spanID {
            body(Int(byID[index]))
            index += 1
        }
    }

    private func lowerBound(_ spanID: UInt64, _ byID: [UInt32]) -> Int {
        var low = 0
        var high = byID.count
        while low < high {
            let middle = (low + high) / 2
            if spanIDs[Int(byID[middle])] < spanID { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func openCycles(_ parents: inout [Int32], _ onCut: (Int) -> Void) {
        var state = [UInt8](repeating: 0, count: parents.count)  // 0 not seen, 1 on the way, 2 leads to a root
        var way: [Int] = []
        for first in parents.indices where state[first] == 0 {
            way.removeAll(keepingCapacity: true)
            var place = first
            while place >= 0, state[place] == 0 {
                state[place] = 1
                way.append(place)
                place = Int(parents[place])
            }
            if place >= 0, state[place] == 1, let start = way.firstIndex(of: place) {
                // Places are in the order of the starts.
                if let earliest = way[start...].min() {
                    parents[earliest] = -1
                    onCut(earliest)
                }
            }
            for place in way { state[place] = 2 }
        }
    }
}
