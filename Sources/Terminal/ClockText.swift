internal import Glibc

/// Moments for people.
public enum ClockText {
    /// `2026-11-21 07:14:57.114` in UTC.
    public static func utc(_ nanoseconds: Int64) -> String {
        var (seconds, milliseconds) = split(nanoseconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return text(parts, milliseconds)
    }

    /// `2026-11-21 08:14:57.114 CET` where the program runs.
    public static func local(_ nanoseconds: Int64) -> String {
        var (seconds, milliseconds) = split(nanoseconds)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let zone = parts.tm_zone.map { String(cString: $0) } ?? ""
        return DisplayText.trimmed("\(text(parts, milliseconds)) \(zone)")
    }

    private static func split(_ nanoseconds: Int64) -> (seconds: time_t, milliseconds: Int64) {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if rest < 0 { return (time_t(seconds - 1), (rest + 1_000_000_000) / 1_000_000) }
        return (time_t(seconds), rest / 1_000_000)
    }

    private static func text(_ parts: tm, _ milliseconds: Int64) -> String {
        func digits(_ number: some BinaryInteger, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2)) "
            + "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))."
            + digits(milliseconds, 3)
    }
}
