/// How wide text is in a sans-serif font, rather too wide than too narrow: the reader's font is not known.
enum TextWidth {
    /// - Parameter size: of the font, in pixels.
    static func pixels(_ text: String, size: Double, isBold: Bool = false) -> Double {
        let units = text.unicodeScalars.reduce(0.0) { $0 + width($1) }
        return units * size * (isBold ? 1.1 : 1)
    }

    /// In the font's size.
    private static func width(_ scalar: Unicode.Scalar) -> Double {
        switch scalar {
        case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!": 0.31
        case " ", "f", "t", "r", "(", ")", "[", "]", "/", "-": 0.40
        case "m", "w", "M", "W", "@", "%": 0.96
        case "A"..."Z", "…", "→": 0.73
        case "s", "k", "v", "x", "y", "z", "c": 0.57
        case _ where scalar.value >= 0x1100: 1.1
        default: 0.635
        }
    }
}
