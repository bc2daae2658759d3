import Testing
import TraceModel

@Suite struct RFC3339Tests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_795_287_600_000_000_000, "2026-11-21T19:00:00Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_795_287_600_120_000_000, "2026-11-21T19:00:00.12Z"), (Int64.max, "2262-04-11T23:47:16.854775807Z"),
        (Int64.min, "1677-09-21T00:12:43.145224192Z"),
    ])
    func `moments are written with the digits that they have`(nanoseconds: Int64, text: String) {
        #expect(RFC3339.text(nanoseconds) == text)
    }

    @Test(arguments: [
        (1_795_287_600_999_999_999, "2026-11-21T19:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
        (Int64.max, "2262-04-11T23:47:16Z"), (Int64.min, "1677-09-21T00:12:43Z"),
    ])
    func `moments without a fraction are the second that they are in`(nanoseconds: Int64, text: String) {
        #expect(RFC3339.text(nanoseconds, hasFraction: false) == text)
    }

    @Test(arguments: [0, -1, 951_782_399_999_999_999, Int64.max, -9_223_372_036_000_000_000])
    func `what is written is read`(nanoseconds: Int64) {
        #expect(RFC3339.nanoseconds(RFC3339.text(nanoseconds)) == nanoseconds)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-01-02T12:30:08.999999998Z", 946_816_208_999_999_998),
        ("2000-04-05T21:55:16.999999992+08:00", 954_942_916_999_999_992),
        ("2000-04-05T21:55:16.999999992 08:00", 954_942_916_999_999_992),
        ("1999-12-31T19:00:00.5-05:00", 946_684_800_500_000_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
        ("1969-12-31T23:59:59.000000001Z", -999_999_999),
        ("2026-08-20T10:11:12.1234567891Z", 1_787_220_672_123_456_789),
    ])
    func `times are read to the nanosecond`(text: String, nanoseconds: Int64) {
        #expect(RFC3339.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "2026-08-20", "2026-08-20T10:11:12", "2026-08-20 10:11:12Z", "2026-8-20T10:11:12Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00Zx", "9999-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
    ])
    func `what is no time, or beyond 64 bits, is refused`(text: String) {
        #expect(RFC3339.nanoseconds(text) == nil)
    }
}
