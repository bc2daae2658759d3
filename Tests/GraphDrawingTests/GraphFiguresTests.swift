import Testing

@testable import GraphDrawing

@Suite struct GraphFiguresTests {
    @Test(arguments: [
        (0, "0/s"), (12.345, "12.3/s"), (1234.4, "1 234/s"), (0.5, "0.5/s"), (99.96, "100/s"), (0.09, "5.4/min"),
        (0.001, "3.6/h"),
    ])
    func `rates have three digits`(rate: Double, text: String) {
        #expect(FigureText.rate(rate) == text)
    }

    @Test(arguments: [
        (0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.0061, "0.61 %"), (0.00001, "<0.01 %"), (0.99999, ">99.99 %"),
        (0.9996, "99.96 %"), (0.1005, "10.1 %"), (0.00011, "0.01 %"),
    ])
    func `shares are never rounded to none or all`(share: Double, text: String) {
        #expect(FigureText.percent(share) == text)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_795_287_600_000_000_000, "2026-11-21T19:00:00Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_795_287_600_120_000_000, "2026-11-21T19:00:00.12Z"), (Int64.max, "2262-04-11T23:47:16.854775807Z"),
        (Int64.min, "1677-09-21T00:12:43.145224192Z"),
    ])
    func `moments are in RFC 3339`(nanoseconds: Int64, text: String) {
        #expect(TimeStamp.text(nanoseconds) == text)
    }
}
