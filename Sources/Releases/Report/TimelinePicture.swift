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
    private static let (width, height) = (760.0, 150.0)
    private static let (left, right, top, bottom) = (10.0, 750.0, 28.0, 120.0)

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
        let unit = length.truncatingRemainder(dividingBy: 60) == 0 ? "\(Int(min(length, 1e9)) / 60) minutes" : "step"
        return ReportDocument.Picture(
            svg: svg(first, last),
            words: "Requests of \(base) and \(candidate) by \(unit == "1 minutes" ? "minute" : unit).", lines: lines())
    }

    private func svg(_ first: Step, _ last: Step) -> String {
        let highest = max(1, steps.map(\.sum).max() ?? 1)
        let end = last.start + length
        func x(_ time: Double) -> Double {
            Self.left + (time - first.start) / (end - first.start) * (Self.right - Self.left)
        }
        func y(_ count: Double) -> Double { Self.bottom - count / highest * (Self.bottom - Self.top) }
        func bar(_ style: String, _ step: Step, from: Double, to: Double) -> String {
            guard to > from else { return "" }
            let (left, right) = (PictureText.number(x(step.start)), PictureText.number(x(step.start + length) - 0.5))
            return "<path \(ReportStyle.area(style)) stroke-width=\"0\" d=\"M\(left),\(PictureText.number(y(from)))"
                + "V\(PictureText.number(y(to)))H\(right)V\(PictureText.number(y(from)))Z\"/>\n"
        }
        var text = PictureText.begin(
            width: Self.width, height: Self.height, title: "Requests of \(base) and \(candidate) over time")
        for step in steps {
            text += bar("candidate", step, from: 0, to: step.candidate)
            text += bar("base", step, from: step.candidate, to: step.sum)
        }
        let bottom = PictureText.number(Self.bottom)
        text += "<path \(ReportStyle.axis) d=\"M\(PictureText.number(Self.left)),\(bottom)"
        text += "H\(PictureText.number(Self.right))\"/>\n"
        text += PictureText.label("■ \(base), above", x: Self.left, y: 14, style: "base")
        text += PictureText.label("□ \(candidate), below", x: Self.right, y: 14, anchor: "end", style: "candidate")
        text += PictureText.label(Self.clock(first.start), x: Self.left, y: Self.bottom + 18)
        text += PictureText.label(Self.clock(end), x: Self.right, y: Self.bottom + 18, anchor: "end")
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
