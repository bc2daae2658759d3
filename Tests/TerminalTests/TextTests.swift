import Testing

@testable import Terminal

@Suite struct TextTests {
    @Test(arguments: [
        (0, "0 ns"), (850, "850 ns"), (1000, "1 us"), (12_345, "12.3 us"), (999_999, "999 us"), (2_050_000, "2.05 ms"),
        (123_456_789, "123 ms"), (1_500_000_000, "1.50 s"), (61_000_000_000, "1m 1s"), (3_660_000_000_000, "1h 1m"),
        (90_000_000_000_000, "1d 1h"), (-1000, "-1 us"), (Int64.min, "-106751d 23h"),
    ])
    func `a length of time has three digits at most`(nanoseconds: Int64, text: String) {
        #expect(NumberText.duration(nanoseconds) == text)
    }

    @Test func `numbers and sizes are for people`() {
        #expect(
            [0, 999, 1000, 1_234_567, -1000].map { NumberText.count($0) } == [
                "0", "999", "1 000", "1 234 567", "-1 000",
            ])
        #expect([NumberText.count(1, "span"), NumberText.count(2, "span")] == ["1 span", "2 spans"])
        #expect([0, 1023, 1536, 3 << 20].map(NumberText.bytes) == ["0 B", "1023 B", "1.50 KiB", "3 MiB"])
    }

    @Test(arguments: [
        (0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.0061, "0.61 %"), (0.00001, "<0.01 %"), (0.99999, ">99.99 %"),
        (0.9996, "99.96 %"), (0.1005, "10.1 %"), (0.00011, "0.01 %"), (1e300, "1e+302 %"),
    ])
    func `shares are never rounded to none or all`(share: Double, text: String) {
        #expect(NumberText.percent(share) == text)
    }

    @Test func `a moment is told in UTC`() {
        #expect(ClockText.utc(1_795_247_697_114_999_000) == "2026-11-21 07:54:57.114")
        #expect(ClockText.utc(-1) == "1969-12-31 23:59:59.999")
        #expect(ClockText.utc(.min + 1) == "1677-09-21 00:12:43.145")
    }

    @Test func `text is cut and padded by the columns it takes`() {
        #expect(DisplayText.width("a前b") == 4)
        #expect(DisplayText.cut("abcdef", to: 4) == "abc…")
        #expect(DisplayText.cut("前前前", to: 4) == "前…")
        #expect(DisplayText.cut("abc", to: 3) == "abc")
        #expect(DisplayText.cut("abc", to: 0) == "")
        #expect(DisplayText.cutInside("abcdefgh", to: 5) == "ab…gh")
        #expect(DisplayText.cutInside("前前前前", to: 6) == "前…前")
        #expect(DisplayText.cutInside("abc", to: 3) == "abc")
        #expect(DisplayText.cutInside("abcd", to: 1) == "…")
        #expect(DisplayText.pad("前", to: 4) == "前  ")
        #expect(DisplayText.pad("a", to: 3, atRight: true) == "  a")
    }

    @Test func `a table is aligned`() {
        var table = TextTable([.init("NAME"), .init("N", isRightAligned: true), .init("REST")])
        table.add(["a", "1", "x"])
        table.add(["longer", "1000", "y\u{7}"])
        #expect(table.lines() == ["NAME       N  REST", "a          1  x", "longer  1000  y\u{fffd}"])
        #expect(table.lines(width: 10)[2] == "longer  1…")
    }

    @Test func `a progress bar tells share and rate within the width`() {
        let line = ProgressBar.line(done: 500, total: 1000, noun: "spans", note: "", elapsed: .seconds(2), width: 100)
        #expect(line == "[############............] 50 %  500 of 1 000 spans, 250/s")
        let short = ProgressBar.line(done: 5, total: 0, noun: "spans", note: "busy", elapsed: .zero, width: 12)
        #expect(short == "5 spans, 0…")
    }
}
