import Testing
import TopologyStore

@Suite struct TopologyOptionsTests {
    @Test func `longer buckets are kept longer`() {
        let options = TopologyOptions()
        #expect(options.minuteRetention < options.tenMinutesRetention)
        #expect(options.tenMinutesRetention < options.hourRetention)
        #expect(options.hourRetention < options.dayRetention)
    }
}
