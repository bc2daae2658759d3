import Configuration
import Sampling
import TestSupport
import Testing

/// Sources/Sampling/sampling.md
@Suite struct SamplingReferenceTests {
    private static func page() throws -> String {
        try Repository.text(of: "Sources/Sampling/sampling.md")
    }

    /// The texts of the page that are set in by four columns.
    private static func examples() throws -> [String] {
        var examples: [String] = []
        var isInside = false
        for line in try page().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("    ") {
                if isInside {
                    examples[examples.count - 1] += "\n" + line.dropFirst(4)
                } else {
                    examples.append(String(line.dropFirst(4)))
                }
                isInside = true
            } else {
                isInside = false
            }
        }
        return examples
    }

    @Test func `each example of the reference can be used`() throws {
        let examples = try Self.examples()
        #expect(examples.count == 4)
        for example in examples {
            #expect(throws: Never.self) { try PolicyDocument.parse(text: example, path: "sampling.md") }
        }
    }

    @Test func `the reference names each type of policy`() throws {
        let page = try Self.page()
        let types = [
            "errors", "latency", "status", "attribute", "traceql", "span-count", "probabilistic", "rate-limit",
            "per-version", "and", "or", "not", "composite",
        ]
        for type in types { #expect(page.contains("`\(type)`"), "\(type)") }
    }
}
