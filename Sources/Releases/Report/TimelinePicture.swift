internal import FoundationEssentials
internal import Terminal

/// How the requests of two versions came, step by step, one upon the other.
struct TimelinePicture {
    private struct Step {
        /// Seconds since 1970.
        var start: Double
        var base: Double
        var candidate: Double
        var sum: Double { base + candidate }
    }

    private let steps: [Step]
    private let (base, candidate): (String, String)
    /// Seconds.
    private let length: Double

    private static let stepCountMax = 240
    private static let blockCountMax = 60
    private static let (width, height) = (760.0, 130.0)
    private static let (left, right, top, bottom) = (10.0, 750.0, 6.0, 102.0)

    init(_ timeline: ComparisonReport.Timeline, base: String, candidate: String) {
        (self.base, self.candidate) = (base, candidate)
        let steps = timeline.steps.compactMap { step -> Step? in
            guard let start = try? Date(step.start, strategy: .iso8601) else { return nil }
            return Step(
                start: start.timeIntervalSince1970, base: Double(max(0, step.base)),
                candidate: Double(max(0, step.candidate)))
        }.sorted { $0.start < $1.start }
        let shortest = Double(max(1, timeline.stepSeconds))
        guard let first = steps.first, let last = steps.last else {
            (self.steps, length) = ([], shortest)
            return
        }
        let count = (last.start - first.start) / shortest + 1
        let together = max(1, (count / Double(Self.stepCountMax)).rounded(.up))
        length = shortest * together
        var grouped: [Step] = []
        for step in steps {
            let start = first.start + ((step.start - first.start) / length).rounded(.down) * length
            if let end = grouped.indices.last, grouped[end].start == start {
                grouped[end].base += step.base
                grouped[end].candidate += step.candidate
            } else {
                grouped.append(Step(start: start, base: step.base, candidate: step.candidate))
            }
        }
        self.steps = grouped
    }

    /// Nil of fewer than two steps.
    var picture: ReportDocument.Picture? {
        guard steps.count > 1, let first = steps.first, let last = steps.last else { return nil }
        let highest = NumberText.count(Int(exactly: highest) ?? .max)
        return ReportDocument.Picture(
            svg: svg(first, last), legend: (base + ", above", candidate + ", below"),
            words: "Requests of \(base) and \(candidate) by \(unit), \(highest) at most.", lines: lines())
    }

    private var highest: Double { max(1, steps.map(\.sum).max() ?? 1) }

    /// What a step is called.
    private var unit: String {
        for (seconds, name) in [(86_400.0, "day"), (3600, "hour"), (60, "minute")] {
            guard length.truncatingRemainder(dividingBy: seconds) == 0 else { continue }
            let count = Int(exactly: length / seconds) ?? .max
            return count == 1 ? name : "\(count) \(name)s"
        }
        return "step"
    }

    private func svg(_ first: Step, _ last: Step) -> String {
        let highest = highest
        let end = last.start + length
        func x(_ time: Double) -> Double {
            Self.left + (time - first.start) / (end - first.start) * (Self.right - Self.left)
        }
        func y(_ count: Double) -> Double { Self.bottom - count / highest * (Self.bottom - Self.top) }
        func bar(_ style: String, _ step: Step, from: Double, to: Double) -> String {
            guard to > from else { return "" }
            let (left, right) = (PictureText.number(x(step.start)), PictureText.number(x(step.start + length) - 0.5))
            let (low, high) = (PictureText.number(y(from)), PictureText.number(y(to)))
            return PictureText.path(ReportStyle.bar(style), "M\(left),\(low)V\(high)H\(right)V\(low)Z")
        }
        var text = PictureText.begin(
            width: Self.width, height: Self.height, title: "Requests of \(base) and \(candidate) over time")
        for step in steps {
            text += bar("candidate", step, from: 0, to: step.candidate)
            text += bar("base", step, from: step.candidate, to: step.sum)
        }
        let (left, right) = (PictureText.number(Self.left), PictureText.number(Self.right))
        text += PictureText.path(ReportStyle.axis, "M\(left),\(PictureText.number(Self.bottom))H\(right)")
        for (time, place) in [(first.start, Self.left), (end, Self.right)] {
            text += PictureText.label(Self.clock(time), x: place, y: Self.bottom + 20, width: Self.width)
        }
        return text + "</svg>\n"
    }

    private static func clock(_ seconds: Double) -> String {
        ReportText.time(Date(timeIntervalSince1970: seconds).formatted(.iso8601)) + " UTC"
    }

    private func lines() -> [String] {
        let together = (steps.count + Self.blockCountMax - 1) / Self.blockCountMax
        var columns: [Step] = []
        for (place, step) in steps.enumerated() {
            if place % together == 0 { columns.append(Step(start: step.start, base: 0, candidate: 0)) }
            columns[columns.count - 1].base += step.base
            columns[columns.count - 1].candidate += step.candidate
        }
        let highest = columns.flatMap { [$0.base, $0.candidate] }.max() ?? 0
        let names = PictureText.padded([base, candidate].map { DisplayText.safe($0) })
        return [
            "\(names[0])  \(PictureText.blocks(columns.map(\.base), highest: highest))",
            "\(names[1])  \(PictureText.blocks(columns.map(\.candidate), highest: highest))",
        ]
    }
}
