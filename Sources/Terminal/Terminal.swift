internal import Glibc

/// What is known of a terminal behind a file descriptor.
public enum Terminal {
    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Whether colour is wanted there: on a terminal that can show it, unless `NO_COLOR` is set.
    public static func hasColor(_ descriptor: Int32, environment: [String: String]) -> Bool {
        isTerminal(descriptor) && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// Columns of the terminal; nil if it is none.
    public static func width(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard isTerminal(descriptor), ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }
}

/// Puts colour around text, or leaves it as it is.
public struct Ink: Sendable {
    public enum Style: String, Sendable {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case cyan = "36"
    }

    public let isColored: Bool

    public init(isColored: Bool) { self.isColored = isColored }

    public func callAsFunction(_ style: Style, _ text: String) -> String {
        isColored && !text.isEmpty ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }
}
