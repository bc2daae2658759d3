internal import Comparison
internal import Glibc
internal import Terminal

/// How the durations of two versions are spread, one curve over the other, over a logarithmic scale.
struct DurationPicture {
    private let durations: ComparisonReport.Durations
    private let (base, candidate): (String, String)
    private let title: String
    private let medians: (base: Int64, candidate: Int64)?
    /// Logarithms of the ends.
    private let (first, last): (Double, Double)

    private static let (width, height) = (760.0, 210.0)
    private static let (left, right, top, bottom) = (10.0, 750.0, 28.0, 180.0)

    /// - Parameter medians: nanoseconds.
    init(
        _ durations: ComparisonReport.Durations, base: String, candidate: String, title: String,
        medians: (base: Int64, candidate: Int64)?
    ) {
        (self.durations, self.base, self.candidate, self.title) = (durations, base, candidate, title)
        self.medians = medians
        first = log(Double(max(1, durations.bounds.first ?? 1)))
        last = log(Double(max(1, durations.bounds.last ?? 1)))
    }

    /// Nil if the columns are none.
    /// - Parameter superiority: how probable it is that a request of the candidate takes longer.
    func picture(superiority: Double) -> ReportDocument.Picture? {
        let count = durations.base.count
        guard count > 0, durations.candidate.count == count, durations.bounds.count == count + 1, first < last else {
            return nil
        }
        return ReportDocument.Picture(
            svg: svg(),
            words: "A request of \(candidate) takes longer than one of \(base) with a probability of "
                + "\(ReportText.percent(superiority)) (50 %: neither tends to). Scale: logarithmic.",
            lines: lines())
    }

    private var highest: Double { max(1e-9, (durations.base + durations.candidate).max() ?? 0) }

    private func x(_ nanoseconds: Int64) -> Double {
        let part = (log(Double(max(1, nanoseconds))) - first) / (last - first)
        return Self.left + min(1, max(0, part)) * (Self.right - Self.left)
    }

    private func svg() -> String {
        var text = PictureText.begin(
            width: Self.width, height: Self.height, title: "Durations of \(base) and \(candidate), \(title)")
        let bottom = PictureText.number(Self.bottom)
        text += "<path \(ReportStyle.axis) d=\"M\(PictureText.number(Self.left)),\(bottom)"
        text += "H\(PictureText.number(Self.right))\"/>\n"
        for tick in ticks() {
            let place = PictureText.number(x(tick))
            text += "<path \(ReportStyle.axis) d=\"M\(place),\(PictureText.number(Self.top))V\(bottom)\"/>\n"
            text += PictureText.label(NumberText.duration(tick), x: x(tick), y: Self.bottom + 18, anchor: "middle")
        }
        text += area(durations.base, "base") + area(durations.candidate, "candidate")
        if let medians {
            for (style, median, dashes) in [("base", medians.base, ""), ("candidate", medians.candidate, "5 3")] {
                text += "<path class=\"\(style) \(ReportStyle.mark) stroke-dasharray=\"\(dashes)\""
                text += " d=\"M\(PictureText.number(x(median))),\(PictureText.number(Self.top - 6))V\(bottom)\"/>\n"
            }
        }
        let unit = medians.map { DurationUnit(of: max($0.base, $0.candidate)) }
        func legend(_ version: String, _ median: Int64?) -> String {
            guard let unit, let median else { return version }
            return "\(version): p50 \(unit.text(median)) \(unit.name)"
        }
        text += PictureText.label(
            "■ " + legend(base, medians?.base), x: Self.left, y: 14, style: "base")
        text += PictureText.label(
            "□ " + legend(candidate, medians?.candidate), x: Self.right, y: 14, anchor: "end", style: "candidate")
        return text + "</svg>\n"
    }

    private func area(_ parts: [Double], _ style: String) -> String {
        let bottom = PictureText.number(Self.bottom)
        var path = "M\(PictureText.number(x(durations.bounds[0]))),\(bottom)"
        for (place, part) in parts.enumerated() {
            let y = Self.bottom - max(0, part) / highest * (Self.bottom - Self.top)
            path += "V\(PictureText.number(y))H\(PictureText.number(x(durations.bounds[place + 1])))"
        }
        return "<path \(ReportStyle.area(style)) d=\"\(path)V\(bottom)Z\"/>\n"
    }

    /// Round durations within the scale, not too many.
    private func ticks() -> [Int64] {
        let steps: [Int64] = last - first > log(2000) ? [1] : last - first > log(60) ? [1, 3] : [1, 2, 5]
        var ticks: [Int64] = []
        var power: Int64 = 1
        while power <= 1_000_000_000_000_000 {
            for step in steps {
                let tick = power * step
                if log(Double(tick)) >= first, log(Double(tick)) <= last { ticks.append(tick) }
            }
            power *= 10
        }
        return ticks
    }

    private func lines() -> [String] {
        let names = PictureText.padded([base, candidate].map { DisplayText.safe($0) } + [""])
        let (low, high) = (durations.bounds[0], durations.bounds[durations.bounds.count - 1])
        return [
            "\(names[0])  \(PictureText.blocks(durations.base, highest: highest))",
            "\(names[1])  \(PictureText.blocks(durations.candidate, highest: highest))",
            "\(names[2])  \(NumberText.duration(low)) to \(NumberText.duration(high))",
        ]
    }
}
