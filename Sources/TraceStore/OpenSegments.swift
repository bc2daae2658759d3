internal import SegmentStore
internal import Topology

/// A linker that those who number names for it can share. For one thread at a time.
final class SharedLinker {
    var value = DependencyLinker()
}

/// The segments that a count of calls has open: few at a time, because each brings its dictionary.
final class OpenSegments {
    private let readers: [SegmentReader]
    private let linker: SharedLinker
    /// The one used last is the last.
    private var open: [(place: Int, calls: SegmentCalls, wasKept: Bool)] = []

    private static let countMax = 16

    init(_ readers: [SegmentReader], _ linker: SharedLinker) {
        self.readers = readers
        self.linker = linker
    }

    subscript(place: Int) -> SegmentCalls {
        get throws(SegmentError) {
            if let index = open.lastIndex(where: { $0.place == place }) {
                if index != open.count - 1 { open.append(open.remove(at: index)) }
                return open[open.count - 1].calls
            }
            if open.count == Self.countMax {
                let (place, _, wasKept) = open.removeFirst()
                // What other queries had in memory before stays there.
                if !wasKept { readers[place].releaseMostMemory() }
            }
            let wasKept = readers[place].keptByteCount > 0
            let linker = linker
            let calls = try SegmentCalls(readers[place]) { linker.value.number(of: $0) }
            open.append((place, calls, wasKept))
            return calls
        }
    }
}
