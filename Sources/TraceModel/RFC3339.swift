/// Times as RFC 3339 writes them, and Go reads them: `2006-01-02T15:04:05.999999999Z`, or with an offset.
/// Source: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
package enum RFC3339 {
    private static let fractionDigitCountMax = 9
    private static let secondLength: Int64 = 1_000_000_000

    // MARK: Writing

    /// A moment in UTC, like `2026-11-21T19:00:00Z`.
    /// - Parameters:
    ///   - nanoseconds: since 1970.
    ///   - hasFraction: with as many digits of a second as there are; else the second that it is in.
    package static func text(_ nanoseconds: Int64, hasFraction: Bool = true) -> String {
        var (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: secondLength)
        if rest < 0 { (seconds, rest) = (seconds - 1, rest + secondLength) }
        var (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        if second < 0 { (days, second) = (days - 1, second + 86_400) }
        let (year, month, day) = date(days)
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        text += "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        if hasFraction && rest > 0 {
            var fraction = padded(rest, fractionDigitCountMax)
            while fraction.hasSuffix("0") { fraction.removeLast() }
            text += "." + fraction
        }
        return text + "Z"
    }

    /// The date so many days after 1970-01-01. Years are counted from March, so that leap days come last.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let day = days + 719_468
        let era = (day >= 0 ? day : day - 146_096) / 146_097
        let dayOfEra = day - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        return (
            year: yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month: month < 10 ? month + 3 : month - 9,
            day: dayOfYear - (153 * month + 2) / 5 + 1
        )
    }

    private static func padded(_ number: Int64, _ count: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    // MARK: Reading

    /// Nanoseconds since 1970; nil for what is no time, and for what 64 bits do not hold. Digits behind the ninth are
    /// dropped. The sign of an offset may be a space, which is what a `+` in a query becomes where it is not escaped.
    package static func nanoseconds(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        guard let year = number(4, &rest), skip("-", &rest), let month = number(2, &rest), skip("-", &rest),
            let day = number(2, &rest), skip("T", &rest), let hour = number(2, &rest), skip(":", &rest),
            let minute = number(2, &rest), skip(":", &rest), let second = number(2, &rest),
            (1...12).contains(month), (1...dayCount(year, month)).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        guard let fraction = fraction(&rest), let offset = offset(&rest), rest.isEmpty else { return nil }
        let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        let whole = Int64(seconds).multipliedReportingOverflow(by: secondLength)
        let sum = whole.partialValue.addingReportingOverflow(Int64(fraction))
        return whole.overflow || sum.overflow ? nil : sum.partialValue
    }

    private static func number(_ digitCount: Int, _ rest: inout ArraySlice<UInt8>) -> Int? {
        let digits = rest.prefix(digitCount)
        guard digits.count == digitCount, digits.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(digitCount)
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func skip(_ character: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Nanoseconds; 0 where there is no fraction, nil for one without digits.
    private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard skip(".", &rest) else { return 0 }
        let digits = rest.prefix(while: isDigit)
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        var value = 0
        for place in 0..<fractionDigitCountMax {
            value = value * 10 + (place < digits.count ? Int(digits[digits.startIndex + place] - UInt8(ascii: "0")) : 0)
        }
        return value
    }

    /// Seconds east of Greenwich.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int? {
        if skip("Z", &rest) { return 0 }
        let isWest = rest.first == UInt8(ascii: "-")
        guard isWest || rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: " ") else { return nil }
        rest = rest.dropFirst()
        guard let hours = number(2, &rest), skip(":", &rest), let minutes = number(2, &rest), hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return isWest ? -seconds : seconds
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && year % 100 != 0 || year % 400 == 0 }

    private static func dayCount(_ year: Int, _ month: Int) -> Int {
        month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Of the Gregorian calendar, also for days before it began.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let leapDays = { (year: Int) in year / 4 - year / 100 + year / 400 }
        // The year 0, which RFC 3339 allows, is a leap year of its own.
        let before = year > 0 ? 365 * year + 1 + leapDays(year - 1) : 0
        let inYear = (1..<month).reduce(0) { $0 + dayCount(year, $1) }
        return before + inYear + day - 1 - 719_528
    }
}
