/// How far a destination has a segment whose documents are under way in several bodies.
struct SegmentProgress {
    /// Before it the destination has every span, or a dead letter in its place.
    private(set) var place: Int
    /// Bodies under way, in the segment's order.
    private var bodies: [(number: Int, endPlace: Int, isDone: Bool)] = []

    init(place: Int) { self.place = place }

    var isIdle: Bool { bodies.isEmpty }

    /// - Parameters:
    ///   - number: of the body.
    ///   - endPlace: behind the last span that it, or a body before it, has.
    mutating func begin(_ number: Int, endPlace: Int) { bodies.append((number, endPlace, false)) }

    /// A body is in the index. One that is not of this segment is passed over.
    mutating func finish(_ number: Int) {
        guard let index = bodies.firstIndex(where: { $0.number == number }) else { return }
        bodies[index].isDone = true
        while let first = bodies.first, first.isDone {
            place = first.endPlace
            bodies.removeFirst()
        }
    }
}
