internal import Glibc

/// One line on a terminal that tells how far long work is; silent where there is no terminal.
public struct ProgressBar: ~Copyable {
    private let descriptor: Int32
    private let isShown: Bool
    private let total: Int
    private let noun: String
    private let start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?

    private static let interval = Duration.milliseconds(100)

    /// - Parameters:
    ///   - total: of what `show` counts; 0 if unknown.
    ///   - noun: what is counted, in the plural.
    public init(descriptor: Int32 = 2, total: Int, noun: String) {
        self.descriptor = descriptor
        self.total = total
        self.noun = noun
        isShown = Terminal.isTerminal(descriptor)
    }

    /// Shows the state, at most ten times a second.
    public mutating func show(_ done: Int, note: String = "") {
        let now = ContinuousClock.now
        if let lastShown, now - lastShown < Self.interval { return }
        guard isShown else { return }
        lastShown = now
        let line = Self.line(
            done: done, total: total, noun: noun, note: note, elapsed: now - start,
            width: Terminal.width(descriptor) ?? 80)
        write("\r\u{1b}[K" + line)
    }

    /// Takes the line away.
    public mutating func finish() {
        if lastShown != nil { write("\r\u{1b}[K") }
        lastShown = nil
    }

    private func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    static func line(done: Int, total: Int, noun: String, note: String, elapsed: Duration, width: Int) -> String {
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let rate = seconds > 0 ? Int(min(Double(done) / seconds, 1e15)) : 0
        var text = NumberText.count(done)
        if total > 0 {
            let share = min(1, Double(done) / Double(total))
            let cells = 24
            let full = Int(share * Double(cells))
            text =
                "[" + String(repeating: "#", count: full) + String(repeating: ".", count: cells - full)
                + "] \(Int(share * 100)) %  \(text) of \(NumberText.count(total))"
        }
        text += " \(noun), \(NumberText.count(rate))/s" + (note.isEmpty ? "" : "  \(note)")
        return DisplayText.cut(text, to: max(1, width - 1))
    }
}
