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

    private static let (width, height) = (760.0, 190.0)
    private static let (left, right, top, bottom) = (10.0, 750.0, 10.0, 162.0)

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
            svg: svg(), legend: legend,
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
        func line(_ style: String, at duration: Int64, from top: Double) -> String {
            let (place, top) = (PictureText.number(x(duration)), PictureText.number(top))
            return PictureText.path(style, "M\(place),\(top)V\(PictureText.number(Self.bottom))")
        }
        let (left, right) = (PictureText.number(Self.left), PictureText.number(Self.right))
        text += PictureText.path(ReportStyle.axis, "M\(left),\(PictureText.number(Self.bottom))H\(right)")
        for tick in ticks() {
            text += line(ReportStyle.axis, at: tick, from: Self.top)
            text += PictureText.label(
                NumberText.duration(tick), x: x(tick), y: Self.bottom + 20, width: Self.width)
        }
        text += area(durations.base, "base") + area(durations.candidate, "candidate")
        if let medians {
            text += line(ReportStyle.mark("base"), at: medians.base, from: Self.top - 6)
            text += line(ReportStyle.mark("candidate"), at: medians.candidate, from: Self.top - 6)
        }
        return text + "</svg>\n"
    }

    private var legend: (base: String, candidate: String) {
        guard let medians else { return (base, candidate) }
        let unit = DurationUnit(of: max(medians.base, medians.candidate))
        func words(_ version: String, _ median: Int64) -> String {
            "\(version): p50 \(unit.text(median)) \(unit.name)"
        }
        return (words(base, medians.base), words(candidate, medians.candidate))
    }

    private func area(_ parts: [Double], _ style: String) -> String {
        let bottom = PictureText.number(Self.bottom)
        var path = "M\(PictureText.number(x(durations.bounds[0]))),\(bottom)"
        for (place, part) in parts.enumerated() {
            let y = Self.bottom - max(0, part) / highest * (Self.bottom - Self.top)
            path += "V\(PictureText.number(y))H\(PictureText.number(x(durations.bounds[place + 1])))"
        }
        return PictureText.path(ReportStyle.area(style), "\(path)V\(bottom)Z")
    }

    /// Round durations within the scale, not too many; of a short scale its ends.
    private func ticks() -> [Int64] {
        let steps: [Int64] =
            switch last - first {
            case log(2000)...: [1]
            case log(60)...: [1, 3]
            case log(12)...: [1, 2, 5]
            default: [1, 2, 3, 4, 6]
            }
        var ticks: [Int64] = []
        var power: Int64 = 1
        while power <= 1_000_000_000_000_000 {
            for step in steps {
                let tick = power * step
                if log(Double(tick)) >= first, log(Double(tick)) <= last { ticks.append(tick) }
            }
            power *= 10
        }
        return ticks.count > 1 ? ticks : [durations.bounds[0], durations.bounds[durations.bounds.count - 1]]
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
