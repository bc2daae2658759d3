/// The hops of two traces matched from the top down, as lines of one tree.
struct HopMatching {
    struct Row {
        /// 0 at the top.
        var depth: Int32
        /// Hops; -1: it has none.
        var a: Int32
        var b: Int32
    }

    /// Parents before their children.
    private(set) var rows: [Row] = []

    private let a: HopTree
    private let b: HopTree
    private var alignment: HopAlignment
    private var waiting: [Item] = []

    /// A row to come, and whether all below it comes with it.
    private struct Item {
        var row: Row
        var isWhole = true
    }

    /// A hop in a list of children, and what it stands below of those that only its own trace has.
    private struct Child {
        var hop: Int32
        var level: Int32 = 0
        var isLone = false
        var partner = -1
    }

    /// Levels that only one of the traces has are looked for so many times under one parent.
    private static let roundCountMax = 8

    /// - Parameter isForced: the first roots are matched whatever they are.
    init(_ a: HopTree, _ b: HopTree, isForced: Bool) {
        self.a = a
        self.b = b
        alignment = HopAlignment(a, b)
        let isPair = a.roots.count == 1 && b.roots.count == 1
        if let first = a.roots.first, let second = b.roots.first, isForced && isPair {
            waiting = [Item(row: Row(depth: 0, a: first, b: second))]
        } else {
            push(a.roots[...], b.roots[...], depth: 0)
            // Two traces of one tree each that are told to be compared are, though nothing in them is the same.
            let isNothingSame = waiting.allSatisfy { $0.isWhole && ($0.row.a < 0 || $0.row.b < 0) }
            if isPair, isNothingSame, let first = a.roots.first, let second = b.roots.first {
                waiting = [Item(row: Row(depth: 0, a: first, b: second))]
            }
        }
        while let item = waiting.popLast() {
            rows.append(item.row)
            guard item.isWhole else { continue }
            push(
                item.row.a >= 0 ? a.children(item.row.a) : [], item.row.b >= 0 ? b.children(item.row.b) : [],
                depth: item.row.depth + 1)
        }
    }

    /// Has the rows of two lists of children come next.
    private mutating func push(_ listA: ArraySlice<Int32>, _ listB: ArraySlice<Int32>, depth: Int32) {
        if listA.isEmpty && listB.isEmpty { return }
        if listA.count == 1, listB.count == 1, let first = listA.first, let second = listB.first,
            a.hops[Int(first)].label == b.hops[Int(second)].label
        {
            waiting.append(Item(row: Row(depth: depth, a: first, b: second)))
            return
        }
        var (childrenA, childrenB) = (listA.map { Child(hop: $0) }, listB.map { Child(hop: $0) })
        match(&childrenA, &childrenB)
        for _ in 0..<Self.roundCountMax {
            guard openLevels(&childrenA, &childrenB) else { break }
            match(&childrenA, &childrenB)
        }
        let first = waiting.count
        var (placeA, placeB) = (0, 0)
        var isTold = [Bool](repeating: false, count: childrenB.count)
        while placeA < childrenA.count || placeB < childrenB.count {
            if placeA < childrenA.count, childrenA[placeA].partner < 0 {
                let child = childrenA[placeA]
                waiting.append(Item(row: Row(depth: depth + child.level, a: child.hop, b: -1), isWhole: !child.isLone))
                placeA += 1
            } else if placeB < childrenB.count, childrenB[placeB].partner < 0 {
                let child = childrenB[placeB]
                waiting.append(Item(row: Row(depth: depth + child.level, a: -1, b: child.hop), isWhole: !child.isLone))
                placeB += 1
            } else if placeB < childrenB.count, isTold[placeB] {
                placeB += 1
            } else if placeA < childrenA.count {
                let child = childrenA[placeA]
                let other = childrenB[child.partner]
                isTold[child.partner] = true
                waiting.append(
                    Item(row: Row(depth: depth + max(child.level, other.level), a: child.hop, b: other.hop)))
                placeA += 1
            } else {
                placeB += 1
            }
        }
        waiting[first...].reverse()
    }

    private mutating func match(_ childrenA: inout [Child], _ childrenB: inout [Child]) {
        let freeA = childrenA.indices.filter { childrenA[$0].partner < 0 && !childrenA[$0].isLone }
        let freeB = childrenB.indices.filter { childrenB[$0].partner < 0 && !childrenB[$0].isLone }
        guard !freeA.isEmpty, !freeB.isEmpty else { return }
        var pairs: [(Int, Int)] = []
        alignment.align(freeA.map { childrenA[$0].hop }, freeB.map { childrenB[$0].hop }) { pairs.append(($0, $1)) }
        for (indexA, indexB) in pairs {
            childrenA[freeA[indexA]].partner = freeB[indexB]
            childrenB[freeB[indexB]].partner = freeA[indexA]
        }
    }

    /// Where one trace has a hop between a parent and its calls that the other has not, such as a proxy's or a piece of
    /// work that got a span of its own, the calls below it take its place.
    /// - Returns: whether there was one.
    private func openLevels(_ childrenA: inout [Child], _ childrenB: inout [Child]) -> Bool {
        func free(_ children: [Child]) -> [Int] {
            children.indices.filter { children[$0].partner < 0 && !children[$0].isLone }
        }
        func labels(_ indices: [Int], _ children: [Child], _ tree: HopTree) -> Set<Int32> {
            Set(indices.map { tree.hops[Int(children[$0].hop)].label })
        }
        /// Those with something below them that the other side is looking for.
        func between(_ indices: [Int], _ children: [Child], _ tree: HopTree, _ sought: Set<Int32>) -> [Int] {
            indices.filter { index in
                tree.children(children[index].hop).contains { sought.contains(tree.hops[Int($0)].label) }
            }
        }
        let (freeA, freeB) = (free(childrenA), free(childrenB))
        guard !freeA.isEmpty, !freeB.isEmpty else { return false }
        let couldA = between(freeA, childrenA, a, labels(freeB, childrenB, b))
        let couldB = between(freeB, childrenB, b, labels(freeA, childrenA, a))
        // What is itself a level between is not what the other side is looking for.
        let restA = Set(freeA).subtracting(couldA)
        let restB = Set(freeB).subtracting(couldB)
        let openA = between(couldA, childrenA, a, labels(Array(restB), childrenB, b))
        let openB = between(couldB, childrenB, b, labels(Array(restA), childrenA, a))
        open(openA, &childrenA, &childrenB, a)
        open(openB, &childrenB, &childrenA, b)
        return !openA.isEmpty || !openB.isEmpty
    }

    private func open(
        _ indices: [Int], _ children: inout [Child], _ others: inout [Child], _ tree: HopTree
    ) {
        guard !indices.isEmpty else { return }
        let isOpen = Set(indices)
        var opened: [Child] = []
        var newPlaces = [Int](repeating: 0, count: children.count)
        for (index, child) in children.enumerated() {
            newPlaces[index] = opened.count
            opened.append(child)
            guard isOpen.contains(index) else { continue }
            opened[opened.count - 1].isLone = true
            opened += tree.children(child.hop).map { Child(hop: $0, level: child.level + 1) }
        }
        children = opened
        for index in others.indices where others[index].partner >= 0 {
            others[index].partner = newPlaces[others[index].partner]
        }
    }
}
