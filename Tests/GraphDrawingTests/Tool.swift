import Foundation
import TestSupport
import Testing

/// A program of the system that reads what was drawn.
struct Tool {
    let path: String

    /// nil if it is not in the search path.
    static func named(_ name: String) -> Tool? {
        let folders = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
        let paths = folders.map { "\($0)/\(name)" }
        return paths.first { FileManager.default.isExecutableFile(atPath: $0) }.map { Tool(path: $0) }
    }

    /// - Returns: standard output. An exit code other than 0 is thrown, with what was said on standard error.
    func run(_ arguments: [String], input: [UInt8]) throws -> Data {
        let folder = try TemporaryFolder()
        let files = ["input", "output", "errors"].map { URL(filePath: "\(folder.path)/\($0)") }
        try Data(input).write(to: files[0])
        for file in files.dropFirst() { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw TestSupportError("\(path): \(String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))")
        }
        return try Data(contentsOf: files[1])
    }

    /// What a Python script that prints JSON makes of the bytes.
    static func python<Answer: Decodable>(_ script: String, _ bytes: [UInt8]) throws -> Answer {
        guard let python = named("python3") else { throw TestSupportError("no python3") }
        return try JSONDecoder().decode(Answer.self, from: try python.run(["-I", "-c", script], input: bytes))
    }
}

extension Trait where Self == ConditionTrait {
    static var graphviz: ConditionTrait {
        .enabled(if: Tool.named("dot") != nil, "Graphviz is not installed (package graphviz): run .ci/peers")
    }

    static var python: ConditionTrait { .enabled(if: Tool.named("python3") != nil, "no python3 in the search path") }
}

/// An XML document as Python's parser has it.
struct XMLDocument: Decodable {
    struct Element: Decodable {
        /// With the name space in braces.
        var tag: String
        var attributes: [String: String]
        var text: String
    }

    /// In the order of their beginnings.
    var elements: [Element]

    init(parsing bytes: [UInt8]) throws {
        self = try Tool.python(
            """
            import json, sys, xml.etree.ElementTree as tree
            root = tree.fromstring(sys.stdin.buffer.read())
            elements = [{"tag": e.tag, "attributes": e.attrib, "text": e.text or ""} for e in root.iter()]
            print(json.dumps({"elements": elements}))
            """, bytes)
    }

    func named(_ name: String) -> [Element] { elements.filter { $0.tag.hasSuffix("}\(name)") } }
}
