import Configuration
import Testing

@Suite struct SettingTests {
    @Test func `each setting has names of its own`() {
        #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.optionName)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.environmentName)).count == Setting.all.count)
    }

    @Test func `names follow from the key`() throws {
        let port = try #require(Setting.named("zipkin.port"))
        #expect(port.optionName == "zipkin-port")
        #expect(port.environmentName == "SKEIN_ZIPKIN_PORT")
        #expect(Setting.named("store.live-bytes")?.optionName == "live-bytes")
        #expect(Setting.named("store.live-bytes")?.environmentName == "SKEIN_STORE_LIVE_BYTES")
    }

    @Test func `each default is a value of its type and prints as itself`() {
        for setting in Setting.all {
            let value = setting.type.value(of: setting.defaultText)
            #expect(value != nil, "\(setting.key)")
            #expect(value.flatMap { setting.type.value(of: "\($0)") } == value, "\(setting.key)")
        }
    }

    @Test(arguments: [
        ("512", 512), ("64MiB", 64 << 20), ("1 GiB", 1 << 30), ("2kB", 2000), ("3MB", 3_000_000), ("0", 0), ("7B", 7),
    ])
    func `a size is read`(text: String, byteCount: Int) {
        #expect(SizeText.byteCount(text) == byteCount)
    }

    @Test(arguments: ["", "MiB", "-1", "1.5MiB", "64mib", "1M", "99999999TiB", "9999999999999999999", "5 ", "0x10"])
    func `what is no size is refused`(text: String) {
        #expect(SizeText.byteCount(text) == nil)
    }

    @Test(arguments: [
        ("10s", 10_000_000_000), ("500ms", 500_000_000), ("7d", 604_800_000_000_000), ("1h30m", 5_400_000_000_000),
        ("1.5s", 1_500_000_000), ("0", 0), ("250us", 250_000), ("3ns", 3),
    ])
    func `a time is read`(text: String, nanoseconds: Int64) {
        #expect(TimeText.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: ["", "10", "s", "-1s", "1..5s", ".5s", "5.s", "1y", "999999999d", "1s2", "nan", "1e3s"])
    func `what is no time is refused`(text: String) {
        #expect(TimeText.nanoseconds(text) == nil)
    }

    @Test func `sizes and times print in the largest exact unit`() {
        #expect([1 << 30, 3 << 20, 1536, 1000, 0].map(SizeText.text) == ["1GiB", "3MiB", "1536", "1000", "0"])
        #expect([90_000_000_000, 3_600_000_000_000, 1_500_000, 0].map(TimeText.text) == ["90s", "1h", "1500us", "0s"])
    }

    @Test func `a type takes what it says and nothing else`() {
        #expect(SettingType.port.value(of: "off") == .off)
        #expect(SettingType.port.value(of: "0") == .port(0))
        #expect(SettingType.port.value(of: "-1") == nil)
        #expect(SettingType.port.value(of: "+1") == nil)
        #expect(SettingType.boolean.value(of: "yes") == nil)
        #expect(SettingType.number(0...1).value(of: "0.25") == .number(0.25))
        #expect(SettingType.number(0...1).value(of: "2") == nil)
        #expect(SettingType.number(0...1).value(of: "nan") == nil)
        #expect(SettingType.list.value(of: "a, b") == .list(["a", "b"]))
        #expect(SettingType.list.value(of: "a,,b") == nil)
        #expect(SettingType.bytes(0...10).value(of: "off") == nil)
        #expect(SettingType.choiceOrDuration(["always"], 1...10).value(of: "always") == .text("always"))
        #expect(SettingType.choiceOrDuration(["always"], 1...10).value(of: "11ns") == nil)
    }
}
