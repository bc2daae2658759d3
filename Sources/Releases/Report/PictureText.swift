/// Pieces of a picture.
enum PictureText {
    /// With one digit behind the point; what is no number of a picture's size is 0.
    static func number(_ value: Double) -> String {
        guard let tenths = Int(exactly: (value * 10).rounded()), abs(tenths) < 1_000_000 else { return "0" }
        let text = "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10)"
        return tenths % 10 == 0 ? text : "\(text).\(abs(tenths) % 10)"
    }

    /// Below its place, or beside it where the picture ends.
    static func label(_ text: String, x: Double, y: Double, width: Double) -> String {
        let anchor = x < 60 ? "start" : x > width - 60 ? "end" : "middle"
        return "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">"
            + "\(HTMLWriter.escaped(text))</text>\n"
    }

    static func path(_ style: String, _ path: String) -> String { "<path \(style) d=\"\(path)\"/>\n" }

    static func begin(width: Double, height: Double, title: String) -> String {
        "<svg viewBox=\"0 0 \(number(width)) \(number(height))\" role=\"img\">\n"
            + "<title>\(HTMLWriter.escaped(title))</title>\n"
    }

    private static let blocks = Array("▁▂▃▄▅▆▇█")

    /// A row of blocks: the height of each is its part of the highest; of nothing a blank.
    static func blocks(_ values: [Double], highest: Double) -> String {
        String(
            values.map { value in
                guard value > 0, highest > 0, value.isFinite else { return " " }
                return blocks[min(blocks.count - 1, Int(min(1, value / highest) * Double(blocks.count - 1) + 0.5))]
            })
    }

    /// All as wide as the widest.
    static func padded(_ texts: [String]) -> [String] {
        let width = texts.map(\.count).max() ?? 0
        return texts.map { $0 + String(repeating: " ", count: width - $0.count) }
    }
}
