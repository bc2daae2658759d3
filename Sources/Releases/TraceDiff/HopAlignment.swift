/// Which calls of one parent are the same as which calls of another, in their order.
///
/// Calls with the same label are matched with each other, as many as there are on both sides; where one side has more
/// of them, for it tried again or went round a loop once more, a sequence alignment (Needleman, Wunsch: "A general
/// method applicable to the search for similarities in the amino acid sequence of two proteins", 1970) finds those that
/// are the most alike: by URL, by what is below, by outcome. What is found does not depend on which side is the first.
struct HopAlignment {
    private let a: HopTree
    private let b: HopTree
    private var scores: [Int32] = []

    /// Cells of a table; longer lists are matched one after the other.
    static let cellCountMax = 250_000

    init(_ a: HopTree, _ b: HopTree) {
        self.a = a
        self.b = b
    }

    /// Calls `match` with the indices in both lists of each pair.
    mutating func align(_ listA: [Int32], _ listB: [Int32], _ match: (_ indexA: Int, _ indexB: Int) -> Void) {
        let orderA = byLabel(listA, a)
        let orderB = byLabel(listB, b)
        func label(_ list: [Int32], _ index: Int, _ tree: HopTree) -> Int32 { tree.hops[Int(list[index])].label }
        var (placeA, placeB) = (0, 0)
        while placeA < orderA.count, placeB < orderB.count {
            let (labelA, labelB) = (label(listA, orderA[placeA], a), label(listB, orderB[placeB], b))
            if labelA != labelB {
                if labelA < labelB { placeA += 1 } else { placeB += 1 }
                continue
            }
            var (endA, endB) = (placeA, placeB)
            while endA < orderA.count, label(listA, orderA[endA], a) == labelA { endA += 1 }
            while endB < orderB.count, label(listB, orderB[endB], b) == labelA { endB += 1 }
            alignGroup(
                orderA[placeA..<endA].map { ($0, a.hops[Int(listA[$0])].likeness) },
                orderB[placeB..<endB].map { ($0, b.hops[Int(listB[$0])].likeness) }, match)
            (placeA, placeB) = (endA, endB)
        }
    }

    private func byLabel(_ list: [Int32], _ tree: HopTree) -> [Int] {
        list.indices.sorted { (tree.hops[Int(list[$0])].label, $0) < (tree.hops[Int(list[$1])].label, $1) }
    }

    private typealias Member = (index: Int, likeness: HopTree.Likeness)

    private mutating func alignGroup(_ groupA: [Member], _ groupB: [Member], _ match: (Int, Int) -> Void) {
        var (rangeA, rangeB) = (groupA.indices, groupB.indices)
        func isSame(_ indexA: Int, _ indexB: Int) -> Bool { groupA[indexA].likeness == groupB[indexB].likeness }
        while let first = rangeA.first, let second = rangeB.first, isSame(first, second) || groupA.count == groupB.count
        {
            match(groupA[first].index, groupB[second].index)
            (rangeA, rangeB) = (rangeA.dropFirst(), rangeB.dropFirst())
        }
        while let last = rangeA.last, let second = rangeB.last, isSame(last, second) {
            match(groupA[last].index, groupB[second].index)
            (rangeA, rangeB) = (rangeA.dropLast(), rangeB.dropLast())
        }
        guard !rangeA.isEmpty, !rangeB.isEmpty else { return }
        guard rangeA.count * rangeB.count <= Self.cellCountMax else {
            for (first, second) in zip(rangeA, rangeB) { match(groupA[first].index, groupB[second].index) }
            return
        }
        alignTable(Array(groupA[rangeA]), Array(groupB[rangeB]), match)
    }

    /// How alike two are: 0 to 7.
    private static func bonus(_ a: HopTree.Likeness, _ b: HopTree.Likeness) -> Int32 {
        (a.path == b.path ? 4 : 0) + (a.shape == b.shape ? 2 : 0) + (a.outcome == b.outcome ? 1 : 0)
    }

    private mutating func alignTable(_ groupA: [Member], _ groupB: [Member], _ match: (Int, Int) -> Void) {
        // One more match is worth more than all likeness.
        let pair = Int32(8 * (min(groupA.count, groupB.count) + 1))
        let width = groupB.count + 1
        scores.removeAll(keepingCapacity: true)
        scores.append(contentsOf: repeatElement(0, count: (groupA.count + 1) * width))
        for indexA in groupA.indices.reversed() {
            for indexB in groupB.indices.reversed() {
                let cell = indexA * width + indexB
                let matched =
                    scores[cell + width + 1] + pair + Self.bonus(groupA[indexA].likeness, groupB[indexB].likeness)
                scores[cell] = max(matched, scores[cell + width], scores[cell + 1])
            }
        }
        var (indexA, indexB) = (0, 0)
        while indexA < groupA.count, indexB < groupB.count {
            let cell = indexA * width + indexB
            let (likenessA, likenessB) = (groupA[indexA].likeness, groupB[indexB].likeness)
            if scores[cell] == scores[cell + width + 1] + pair + Self.bonus(likenessA, likenessB) {
                match(groupA[indexA].index, groupB[indexB].index)
                indexA += 1
                indexB += 1
            } else if scores[cell + width] != scores[cell + 1] {
                if scores[cell + width] > scores[cell + 1] { indexA += 1 } else { indexB += 1 }
            } else if likenessA.isBefore(likenessB) {
                indexA += 1
            } else {
                indexB += 1
            }
        }
    }
}
