internal import Foundation
internal import Sampling

extension Configuration {
    /// All settings as a configuration file, with the origin of each as a comment.
    public var yaml: String {
        var lines: [String] = []
        var group = ""
        for entry in entries {
            var name = entry.setting.key[...]
            if let dot = name.firstIndex(of: ".") {
                if group != name[..<dot] {
                    group = String(name[..<dot])
                    lines.append("\(group):")
                    if group == "sampling" {
                        lines += samplingPolicies.map {
                            "  \($0.key): \($0.value.yaml)  # \(Self.oneLine("\($0.keyPlace)"))"
                        }
                    }
                    if group == "opensearch" { lines += destinationLines }
                }
                name = "  " + name[name.index(after: dot)...]
            } else {
                group = ""
            }
            lines.append("\(name): \(Self.yaml(entry.value))  # \(Self.oneLine(entry.origin.description))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var destinationLines: [String] {
        guard !destinations.isEmpty else { return [] }
        var lines = ["  destinations:"]
        for section in destinations {
            lines.append("    \(section.name):")
            for item in section.items {
                guard let value = Setting.named("opensearch." + item.key)?.type.value(of: item.text ?? "") else {
                    continue
                }
                lines.append("      \(item.key): \(Self.yaml(value))  # \(Self.oneLine(item.place))")
            }
        }
        return lines
    }

    /// All settings as a JSON object: by key, the value's text and the origin.
    public var json: String {
        struct Item: Encodable {
            let value: String
            let origin: String
        }
        let items = entries.map { ($0.setting.key, Item(value: "\($0.value)", origin: "\($0.origin)")) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(Dictionary(uniqueKeysWithValues: items)) else {
            preconditionFailure("texts can be encoded")
        }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private static func yaml(_ value: SettingValue) -> String {
        switch value {
        case .list(let items): "[" + items.map(quoted).joined(separator: ", ") + "]"
        default: quoted(value.description)
        }
    }

    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        if isPlain, text.utf8.first != UInt8(ascii: "-"), text != "null" { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func oneLine(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }
}

extension Setting {
    /// What others call the settings of a cluster.
    private static var foreignNames: [String] {
        var lines = [
            "", "## Names of others", "",
            "Environment variables of Jaeger and Zipkin are understood too, and count before the file and after those",
            "above. The names that KubeSphere's ClusterConfiguration has for the same stand beside them, for whoever",
            "carries its values over; they are below `spec.common.opensearch`, or `spec.common.es` as the second.", "",
            "| key | environment of Jaeger, Zipkin | KubeSphere |", "| --- | --- | --- |",
        ]
        for setting in all {
            let names = Configuration.foreignNames.filter { $0.key == setting.key }.map { "`\($0.name)`" }
            let values = Configuration.kubeSphereNames[setting.key].map { $0.map { "`\($0)`" } } ?? []
            if names.isEmpty && values.isEmpty { continue }
            lines.append(
                "| `\(setting.key)` | \(names.joined(separator: ", ")) | \(values.joined(separator: ", ")) |")
        }
        return lines
    }

    /// The reference of all settings, in Markdown.
    public static var reference: String {
        var lines = [
            "# Configuration",
            "",
            "Every setting has a key in the configuration file (YAML; `skein serve --config FILE`, or `SKEIN_CONFIG`),",
            "an environment variable and an option. An option counts before the environment, that before the file,",
            "that before the default. Names that are not listed here are refused. `skein config print` shows what is",
            "in force and who set it, `skein config check FILE` checks a file. This page is what",
            "`skein config print --reference` prints. What is stored of the traces, and what stays of them, is told by",
            "rules below `sampling:`, which are described in Sources/Sampling/sampling.md. Several clusters stand",
            "below `opensearch.destinations:`, each a name with settings of its own in place of those of `opensearch`.",
            "",
            "    zipkin:",
            "      port: 9411",
            "    retention:",
            "      age: 7d",
            "",
            "Sizes: `B`, `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB`, `GB`, `TB`, or bytes without a unit.",
            "Times: `ms`, `s`, `m`, `h`, `d`, also together, such as `1h30m`.",
            "",
            "| key | option | environment | default | meaning | takes |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for setting in all {
            lines.append(
                "| `\(setting.key)` | `--\(setting.optionName)` | `\(setting.environmentName)` "
                    + "| `\(setting.defaultText)` | \(setting.help) | \(setting.type.expectation) |")
        }
        return (lines + foreignNames).joined(separator: "\n") + "\n"
    }
}
