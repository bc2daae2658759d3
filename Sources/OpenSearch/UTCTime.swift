internal import Glibc

/// Moments as people read them.
package enum UTCTime {
    /// Hour and minute, with the date if that is not today's.
    ///
    /// - Parameters:
    ///   - nanoseconds: since 1970.
    ///   - today: likewise.
    package static func text(_ nanoseconds: Int64, today: Int64? = nil) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var now = today.map { time_t($0 / 1_000_000_000) } ?? time(nil)
        var parts = tm()
        var nowParts = tm()
        gmtime_r(&seconds, &parts)
        gmtime_r(&now, &nowParts)
        func digits(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        let clock = "\(digits(parts.tm_hour)):\(digits(parts.tm_min)) UTC"
        if parts.tm_year == nowParts.tm_year && parts.tm_yday == nowParts.tm_yday { return clock }
        return "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday)) \(clock)"
    }
}
