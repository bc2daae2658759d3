import ArgumentParser
import Configuration
import FoundationEssentials
import Testing

@testable import skein

@Suite struct SettingOptionsTests {
    @Test func `every setting has its option`() throws {
        for setting in Setting.all {
            let options = try SettingOptions.parse(["--\(setting.optionName)", setting.defaultText])
            #expect(options.texts[setting.key] == [setting.defaultText], "\(setting.key)")
        }
    }

    @Test func `options that are not given set nothing`() throws {
        #expect(try SettingOptions.parse([]).texts.values.allSatisfy(\.isEmpty))
    }

    @Test func `a list is given by repeating its option`() throws {
        let options = try SettingOptions.parse(["--listen", "127.0.0.2", "--listen", "::1"])
        #expect(options.texts["listen"] == ["127.0.0.2", "::1"])
        #expect(try options.load(environment: [:]).listenAddresses == ["127.0.0.2", "::1"])
    }

    @Test func `the reference page is what the table says`() throws {
        let page =
            #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/Sources/skein/configuration.md"
        let committed = try String(contentsOfFile: page, encoding: .utf8)
        #expect(committed == Setting.reference, "run: skein config print --reference > Sources/skein/configuration.md")
    }

    @Test(arguments: [
        (["127.0.0.1", "::1"], "127.0.0.1"), (["0.0.0.0"], "127.0.0.1"), (["::"], "[::1]"), (["::1"], "[::1]"),
        (["10.1.2.3"], "10.1.2.3"), (["host"], "host"),
    ])
    func `a server is reached at one of its addresses`(addresses: [String], host: String) {
        #expect(ConfigurationFileOptions.host(addresses) == host)
    }
}
