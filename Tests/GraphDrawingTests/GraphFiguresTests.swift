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
}
