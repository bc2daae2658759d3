import GraphDrawing
import Testing

@Suite struct GraphFormatTests {
    @Test func `every format has a content type of its own`() {
        #expect(Set(GraphFormat.allCases.map(\.contentType)).count == GraphFormat.allCases.count)
    }
}
