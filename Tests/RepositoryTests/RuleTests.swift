import Testing

@Suite struct RuleTests {
    private static let listed = "Tests/RepositoryTests/Rules.swift"

    @Test func `the project's files are found`() {
        #expect(ProjectTree.files.contains { $0.path == "Package.swift" })
        #expect(ProjectTree.files.contains { $0.path == Self.listed })
    }

    @Test func `no line of Swift is longer than the limit, unless it is a text that cannot be broken`() {
        for file in ProjectTree.files where file.isSwift && !file.isGenerated {
            var isInLongText = false
            for (index, line) in file.lines.enumerated() {
                let isText = isInLongText
                if line.occurrences(of: "\"\"\"") % 2 == 1 { isInLongText.toggle() }
                guard line.count > Rules.lineLengthMax, !isText else { continue }
                let longestWord = line.split(separator: " ").map(\.count).max() ?? 0
                if longestWord > Rules.unbreakableLength { continue }
                Issue.record("\(file.path):\(index + 1) has \(line.count) columns")
            }
        }
    }

    @Test func `no file of Swift, C or SQL is longer than the limit, unless it was generated`() {
        for file in ProjectTree.files where !file.isGenerated {
            guard [".swift", ".c", ".h", ".sql"].contains(where: file.path.hasSuffix) else { continue }
            let count = file.lines.count - (file.lines.last == "" ? 1 : 0)
            if count > Rules.fileLineCountMax { Issue.record("\(file.path) has \(count) lines: split it by topic") }
        }
    }

    @Test(arguments: Rules.forbidden)
    func `forbidden text is nowhere`(rule: Rules.ForbiddenText) {
        for file in ProjectTree.files where file.path != Self.listed && !rule.except.contains(file.path) {
            guard rule.within.isEmpty || rule.within.contains(where: file.path.hasSuffix) else { continue }
            for (index, line) in file.lines.enumerated() where line.contains(wholeWord: rule.text) {
                Issue.record("\(file.path):\(index + 1) has \(rule.text): \(rule.reason)")
            }
        }
    }

    @Test func `a module from outside is imported only where it is wrapped`() {
        for (file, line, module) in imports {
            guard let rule = Rules.outsideModules.first(where: { module.isNamed(by: $0.module) }) else { continue }
            if !rule.targets.contains(file.target ?? "") {
                Issue.record("\(file.path):\(line) imports \(module), which is for \(rule.targets.sorted())")
            }
        }
    }

    @Test func `a target imports only targets below it`() {
        for (file, line, module) in imports {
            guard let below = layer(of: module), let target = file.target else { continue }
            guard let own = layer(of: target) else {
                Issue.record("\(target) stands in no layer of \(Self.listed): enter it")
                continue
            }
            if below <= own { Issue.record("\(file.path):\(line) imports \(module), which is not below \(target)") }
        }
    }

    @Test(arguments: ["storage", "queries"])
    func `each file of a folder is named in its README`(folder: String) {
        let readme = ProjectTree.files.first { $0.path == folder + "/README.md" }
        guard let text = readme?.lines.joined(separator: "\n") else {
            Issue.record("\(folder)/README.md is missing")
            return
        }
        for file in ProjectTree.files where file.path.hasPrefix(folder + "/") && file.path != folder + "/README.md" {
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            if !text.contains(name) { Issue.record("\(folder)/README.md does not name \(file.path)") }
        }
    }

    /// Imports of the program's own sources, not of tests.
    private var imports: [(file: ProjectTree.File, line: Int, module: String)] {
        ProjectTree.files.filter { $0.isSwift && $0.path.hasPrefix("Sources/") }.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                importedModule(line).map { (file, index + 1, $0) }
            }
        }
    }

    /// The module of a line such as `public import struct Module.Name`; nil for other lines.
    private func importedModule(_ line: Substring) -> String? {
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
            words[..<place].allSatisfy({
                $0.hasPrefix("@") || ["public", "package", "internal", "private"].contains($0)
            })
        else { return nil }
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "typealias", "let", "var"]
        let named = kinds.contains(words[place + 1]) && place + 2 < words.count ? words[place + 2] : words[place + 1]
        return named.split(separator: ".").first.map(String.init)
    }

    private func layer(of target: String) -> Int? {
        Rules.layers.firstIndex { $0.contains(target) }
    }
}

extension String {
    /// Whether a rule's name, which may end in `*`, means this module.
    fileprivate func isNamed(by rule: String) -> Bool {
        rule.hasSuffix("*") ? hasPrefix(rule.dropLast()) : self == rule
    }
}

extension Substring {
    fileprivate func occurrences(of text: String) -> Int { ranges(of: text).count }

    /// Whether the text stands here, and is not the end of a longer word.
    fileprivate func contains(wholeWord text: String) -> Bool {
        var rest = self
        while let range = rest.firstRange(of: text) {
            let isWord = text.first?.isLetter == true
            let before = range.lowerBound > startIndex ? self[index(before: range.lowerBound)] : " "
            if !isWord || !(before.isLetter || before.isNumber || before == "_") { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
