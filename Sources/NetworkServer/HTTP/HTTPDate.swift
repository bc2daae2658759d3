#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// The time of day as HTTP writes it (RFC 9110, section 5.6.7), made anew at most twice a second.
struct HTTPDate {
    private var bytes: [UInt8] = []
    private var madeAt: UInt64 = 0

    /// `nanoseconds` is a clock that only moves forward.
    mutating func value(atNanoseconds nanoseconds: UInt64) -> [UInt8] {
        if bytes.isEmpty || nanoseconds &- madeAt > 500_000_000 {
            bytes = Array(Self.text(secondsSince1970: Int(time(nil))).utf8)
            madeAt = nanoseconds
        }
        return bytes
    }

    /// Like `Sun, 06 Nov 1994 08:49:37 GMT`. `secondsSince1970` is not negative.
    static func text(secondsSince1970: Int) -> String {
        let days = secondsSince1970 / 86_400
        let second = secondsSince1970 % 86_400
        // Years begin in March, so that the day that some of them have more is their last.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = (marchMonth + 2) % 12
        let year = yearOfEra + era * 400 + (month < 2 ? 1 : 0)
        let dayNames = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = [second / 3600, second / 60 % 60, second % 60].map(twoDigits).joined(separator: ":")
        return "\(dayNames[days % 7]), \(twoDigits(day)) \(monthNames[month]) \(year) \(clock) GMT"
    }

    private static func twoDigits(_ value: Int) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}
