// Not FoundationEssentials: Yams brings Foundation in anyway.
internal import Foundation
internal import Sampling
internal import Yams

/// What a configuration file says, before anyone asks whether it makes sense.
struct ConfigurationFile {
    struct Item {
        /// The keys from the root down, joined by dots.
        var key: String
        /// nil for nothing, and for what cannot be a setting's value.
        var text: String?
        /// Of the key, counted from 1.
        var line: Int
        var column: Int
        var place: String
    }

    let path: String
    private(set) var items: [Item] = []
    private(set) var problems: [String] = []
    /// What stands below `sampling:` and is no setting.
    private(set) var samplingPolicies: [PolicyNode.Entry] = []
    /// What stands below `opensearch.destinations:`.
    private(set) var destinations: [DestinationSection] = []

    private static let byteCountMax = 1 << 20

    init(path: String) throws(ConfigurationError) {
        try self.init(text: try Self.text(path: path), path: path)
    }

    /// The text of a file.
    static func text(path: String) throws(ConfigurationError) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            let reason = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "does not exist"
            throw ConfigurationError(["configuration file \(path) \(reason)"])
        }
        guard data.count <= Self.byteCountMax, let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError(["configuration file \(path) is no text of at most 1 MiB"])
        }
        return text
    }

    /// - Returns: nil of a text that says nothing.
    static func root(of text: String, path: String) throws(ConfigurationError) -> Node? {
        do {
            return try Yams.compose(yaml: text).flatMap { isNothing($0) ? nil : $0 }
        } catch {
            throw ConfigurationError([problem(error, path)])
        }
    }

    init(text: String, path: String) throws(ConfigurationError) {
        self.path = path
        guard let root = try Self.root(of: text, path: path) else { return }
        guard case .mapping(let mapping) = root else {
            throw ConfigurationError([
                "\(path) holds no settings: expected lines such as 'zipkin:' and 'port: 9411' below"
            ])
        }
        collect(mapping, below: "")
    }

    private mutating func collect(_ mapping: Node.Mapping, below prefix: String) {
        for (keyNode, node) in mapping {
            let line = keyNode.mark?.line ?? 0
            let column = keyNode.mark?.column ?? 0
            let place = "\(path):\(line):\(column)"
            guard let name = keyNode.scalar?.string else {
                problems.append("a key that is no text at \(place)")
                continue
            }
            let key = prefix.isEmpty ? name : "\(prefix).\(name)"
            if prefix == "sampling", SamplingSection.keys.contains(name) {
                samplingPolicies.append(
                    PolicyNode.Entry(
                        key: name, keyPlace: PolicyPlace(path: path, line: line, column: column),
                        value: PolicyNode(node, path: path)))
                continue
            }
            if key == DestinationSection.key {
                collectDestinations(node, place)
                continue
            }
            guard Setting.named(key) == nil, Setting.all.contains(where: { $0.key.hasPrefix(key + ".") }) else {
                if items.contains(where: { $0.key == key }) {
                    problems.append("'\(key)' is set a second time at \(place)")
                }
                items.append(Item(key: key, text: Self.text(node), line: line, column: column, place: place))
                continue
            }
            if case .mapping(let inner) = node {
                collect(inner, below: key)
            } else if !Self.isNothing(node) {
                let names = Setting.all.map(\.key).filter { $0.hasPrefix(key + ".") }
                problems.append(
                    "'\(key)' at \(place) has a value, but is a group: expected "
                        + names.map { "'\($0.dropFirst(key.count + 1)):'" }.joined(separator: ", ") + " below it")
            }
        }
    }

    private mutating func collectDestinations(_ node: Node, _ place: String) {
        guard case .mapping(let sections) = node else {
            problems.append("'\(DestinationSection.key)' at \(place): expected a name, and settings below it")
            return
        }
        for (nameNode, node) in sections {
            let place = "\(path):\(nameNode.mark?.line ?? 0):\(nameNode.mark?.column ?? 0)"
            guard let name = nameNode.scalar?.string, DestinationSection.isName(name) else {
                problems.append("a destination at \(place) has a wrong name: expected a-z, 0-9 and dashes")
                continue
            }
            var section = DestinationSection(name: name, place: place)
            guard case .mapping(let mapping) = node else {
                problems.append("destination '\(name)' at \(place) has no settings")
                continue
            }
            for (keyNode, node) in mapping {
                let line = keyNode.mark?.line ?? 0
                let column = keyNode.mark?.column ?? 0
                section.items.append(
                    Item(
                        key: keyNode.scalar?.string ?? "", text: Self.text(node), line: line, column: column,
                        place: "\(path):\(line):\(column)"))
            }
            destinations.append(section)
        }
    }

    /// A list of texts as one text with commas.
    private static func text(_ node: Node) -> String? {
        switch node {
        case .scalar(let scalar): return isNothing(node) ? nil : scalar.string
        case .sequence(let sequence):
            let texts = sequence.compactMap { $0.scalar?.string }
            return texts.count == sequence.count && !texts.isEmpty ? texts.joined(separator: ",") : nil
        case .mapping, .alias: return nil
        }
    }

    static func isNothing(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return scalar.string.isEmpty || scalar.string == "~" || scalar.string == "null"
    }

    private static func problem(_ error: any Error, _ path: String) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "not YAML at \(path):\(mark.line):\(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            "\(duplicates.map { "'\($0)'" }.joined(separator: ", ")) set a second time "
                + "at \(path):\(context.mark.line):\(context.mark.column)"
        default:
            "not YAML: \(path): \(error)"
        }
    }
}
