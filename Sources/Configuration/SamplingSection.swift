internal import Foundation
public import Sampling
internal import Yams

/// The policies below `sampling:`, which are no settings but a document of their own: Sources/Sampling/sampling.md.
enum SamplingSection {
    static let percentKey = "sampling.percent"
    /// Keys below `sampling:` that are not settings.
    static let keys = ["head", "tail", "ageing"]

    /// - Parameters:
    ///   - percent: the setting's value.
    ///   - place: where it was set.
    static func document(
        percent: String, place: PolicyPlace, _ policies: [PolicyNode.Entry]
    ) throws(PolicyError) -> PolicyDocument {
        let setting = PolicyNode.Entry(key: "percent", keyPlace: place, value: .scalar(percent, place))
        return try PolicyDocument.parse(.map([setting] + policies, place))
    }
}

extension PolicyDocument {
    /// Reads a file of policies: what may stand below `sampling:` of a configuration file, or such a file itself.
    public static func load(path: String) throws(ConfigurationError) -> PolicyDocument {
        let text = try ConfigurationFile.text(path: path)
        return try parse(text: text, path: path)
    }

    /// - Parameter path: what the text is called in problems.
    public static func parse(text: String, path: String) throws(ConfigurationError) -> PolicyDocument {
        var node = PolicyNode.nothing(PolicyPlace(path: path, line: 1, column: 1))
        if let root = try ConfigurationFile.root(of: text, path: path) { node = PolicyNode(root, path: path) }
        if case .map(let entries, _) = node, let section = entries.first(where: { $0.key == "sampling" }) {
            node = section.value
        }
        do throws(PolicyError) {
            return try parse(node)
        } catch {
            throw ConfigurationError(error.problems)
        }
    }
}

extension PolicyNode {
    init(_ node: Node, path: String) {
        let place = PolicyPlace(path: path, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        if ConfigurationFile.isNothing(node) {
            self = .nothing(place)
            return
        }
        switch node {
        case .scalar(let scalar): self = .scalar(scalar.string, place)
        case .sequence(let sequence): self = .list(sequence.map { PolicyNode($0, path: path) }, place)
        case .mapping(let mapping):
            self = .map(
                mapping.map { key, value in
                    let keyPlace = PolicyPlace(
                        path: path, line: key.mark?.line ?? place.line, column: key.mark?.column ?? place.column)
                    return Entry(
                        key: key.scalar?.string ?? "", keyPlace: keyPlace, value: PolicyNode(value, path: path))
                }, place)
        case .alias: self = .nothing(place)
        }
    }

    /// As YAML, in the short form.
    var yaml: String {
        switch self {
        case .scalar(let text, _): Configuration.quoted(text)
        case .list(let nodes, _): "[" + nodes.map(\.yaml).joined(separator: ", ") + "]"
        case .map(let entries, _):
            "{" + entries.map { Configuration.quoted($0.key) + ": " + $0.value.yaml }.joined(separator: ", ") + "}"
        case .nothing: "null"
        }
    }
}
