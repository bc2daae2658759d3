public import Sampling

/// All settings with their values, and where each came from.
public struct Configuration: Sendable {
    /// Who said what a setting is.
    public enum Origin: Equatable, Sendable, CustomStringConvertible {
        case standard
        /// Lines and columns count from 1.
        case file(path: String, line: Int, column: Int)
        case environment(name: String)
        case option(name: String)

        public var description: String {
            switch self {
            case .standard: "default"
            case .file(let path, let line, let column): "\(path):\(line):\(column)"
            case .environment(let name): "environment \(name)"
            case .option(let name): "option --\(name)"
            }
        }
    }

    /// One setting as it stands.
    public struct Entry: Sendable {
        public let setting: Setting
        public var value: SettingValue
        public var origin: Origin
    }

    /// In the order of `Setting.all`.
    public private(set) var entries: [Entry]
    /// What is stored of what comes.
    public private(set) var sampling = PolicyDocument()
    /// What the file says of it, but for the settings.
    private(set) var samplingPolicies: [PolicyNode.Entry] = []
    /// Clusters with names of their own: what the file says of each in place of the settings of `opensearch`.
    private(set) var destinations: [DestinationSection] = []

    /// Everything at its default.
    public init() {
        entries = Setting.all.map { setting in
            guard let value = setting.type.value(of: setting.defaultText) else {
                preconditionFailure("the default of \(setting.key) is a value of its type")
            }
            return Entry(setting: setting, value: value, origin: .standard)
        }
    }

    /// Puts together what was set; an option counts before the environment, that before the file.
    ///
    /// - Parameters:
    ///   - options: texts by key; those of a list are joined.
    ///   - environment: the whole environment; only names with the program's prefix are looked at.
    ///   - filePath: the file; `SKEIN_CONFIG` in the environment if nil; no file if that is missing too.
    /// - Throws: all that is wrong, in file, environment and options.
    public init(
        options: [String: [String]] = [:], environment: [String: String] = [:], filePath: String? = nil
    ) throws(ConfigurationError) {
        self.init()
        var problems: [String] = []
        if let path = filePath ?? environment[Self.fileVariable] {
            do throws(ConfigurationError) {
                problems += apply(try ConfigurationFile(path: path))
            } catch {
                problems += error.problems
            }
        }
        problems += apply(environment: environment)
        problems += apply(options: options)
        problems += applySampling()
        problems += contradictions() + problemsOfOpenSearch()
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }

    /// Checks the text of a file by itself.
    /// - Parameter path: what the file is called in problems.
    public init(fileText: String, path: String) throws(ConfigurationError) {
        self.init()
        let problems =
            apply(try ConfigurationFile(text: fileText, path: path)) + applySampling() + contradictions()
            + problemsOfOpenSearch()
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }

    static let fileVariable = Setting.environmentPrefix + "CONFIG"

    /// The entry with this key, which must be one of the table.
    public func entry(_ key: String) -> Entry {
        guard let entry = entries.first(where: { $0.setting.key == key }) else {
            preconditionFailure("\(key) is a setting")
        }
        return entry
    }

    // MARK: Sources

    mutating func set(_ key: String, _ value: SettingValue, _ origin: Origin) {
        for index in entries.indices where entries[index].setting.key == key {
            entries[index].value = value
            entries[index].origin = origin
        }
    }

    private mutating func apply(_ file: ConfigurationFile) -> [String] {
        var problems = file.problems
        samplingPolicies = file.samplingPolicies
        destinations = file.destinations
        for item in file.items {
            guard let setting = Setting.named(item.key) else {
                let known = Setting.all.map(\.key) + SamplingSection.keys.map { "sampling." + $0 }
                let question = NearestName.question(item.key, among: known)
                problems.append("unknown key '\(item.key)' at \(item.place)\(question)")
                continue
            }
            guard let text = item.text, let value = setting.type.value(of: text) else {
                problems.append(
                    "wrong value\(item.text.map { " '\($0)'" } ?? "") for '\(item.key)' at \(item.place): "
                        + "expected \(setting.type.expectation)")
                continue
            }
            set(item.key, value, .file(path: file.path, line: item.line, column: item.column))
        }
        return problems
    }

    private mutating func apply(environment: [String: String]) -> [String] {
        let known = Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.environmentName, $0) })
        var problems = applyForeign(environment: environment)
        for (name, text) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(Setting.environmentPrefix) && name != Self.fileVariable {
            if ServiceLink.matches(name: name, text: text) { continue }
            guard let setting = known[name] else {
                let question = NearestName.question(name, among: known.keys)
                problems.append("unknown environment variable '\(name)'\(question)")
                continue
            }
            guard let value = setting.type.value(of: text) else {
                problems.append(
                    "wrong value '\(text)' in environment variable \(name): expected \(setting.type.expectation)")
                continue
            }
            set(setting.key, value, .environment(name: name))
        }
        return problems
    }

    private mutating func apply(options: [String: [String]]) -> [String] {
        var problems: [String] = []
        for setting in Setting.all {
            guard let texts = options[setting.key], !texts.isEmpty else { continue }
            let text = texts.joined(separator: ",")
            guard let value = setting.type.value(of: text) else {
                problems.append(
                    "wrong value '\(text)' for option --\(setting.optionName): expected \(setting.type.expectation)")
                continue
            }
            set(setting.key, value, .option(name: setting.optionName))
        }
        return problems
    }

    private mutating func applySampling() -> [String] {
        let percent = entry(SamplingSection.percentKey)
        var place = PolicyPlace(path: percent.origin.description, line: 1, column: 1)
        if case .file(let path, let line, let column) = percent.origin {
            place = PolicyPlace(path: path, line: line, column: column)
        }
        do throws(PolicyError) {
            sampling = try SamplingSection.document(percent: "\(percent.value)", place: place, samplingPolicies)
            return []
        } catch {
            return error.problems
        }
    }

    /// What each setting allows, but not all of them together.
    private func contradictions() -> [String] {
        var problems = contradictionsOfSecurity()
        var users: [UInt16: String] = [:]
        for entry in entries {
            guard case .port(let port) = entry.value, port != 0 else { continue }
            let key = entry.setting.key
            guard let shifted = UInt16(exactly: Int(port) + portOffset) else {
                problems.append("'\(key)' \(port) (\(entry.origin)) with port-offset \(portOffset) is beyond 65535")
                continue
            }
            if let other = users[shifted] {
                problems.append("'\(other)' and '\(key)' are both port \(shifted) (\(entry.origin))")
            }
            users[shifted] = key
        }
        return problems
    }
}

/// Variables that Kubernetes and Docker put into a container for every service beside it, in a namespace where one
/// is called `skein` or `skein-...`; they are nobody's settings.
enum ServiceLink {
    static func matches(name: String, text: String) -> Bool {
        if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_SERVICE_PORT") { return true }
        let parts = name.split(separator: "_")
        for (index, part) in parts.enumerated() where part == "PORT" {
            if index > 0, parts[index - 1] == "SERVICE" { return true }
            let isURL = ["tcp://", "udp://", "sctp://"].contains { text.hasPrefix($0) }
            if index == parts.count - 1, isURL { return true }
            if index + 2 < parts.count, UInt16(parts[index + 1]) != nil,
                ["TCP", "UDP", "SCTP"].contains(parts[index + 2])
            {
                return true
            }
        }
        return false
    }
}
