import TestSupport
import Topology
import TraceModel

/// Spans of one trace in words, for tests of links.
struct CallTrace {
    struct Part {
        var id: UInt64
        var parent: UInt64 = 0
        var kind: SpanKind = .unspecified
        var service = ""
        var remote = ""
        var address: UInt32 = 0
        var isShared = false
        var isError = false

        init(
            _ id: UInt64, under parent: UInt64 = 0, _ kind: SpanKind = .unspecified, _ service: String = "",
            to remote: String = "", at address: UInt32 = 0, isShared: Bool = false, isError: Bool = false
        ) {
            (self.id, self.parent, self.kind, self.service, self.remote) = (id, parent, kind, service, remote)
            (self.address, self.isShared, self.isError) = (address, isShared, isError)
        }
    }

    var parts: [Part]

    init(_ parts: Part...) { self.parts = parts }
    init(_ parts: [Part]) { self.parts = parts }

    func spans(_ linker: inout DependencyLinker, traceID: UInt64 = 7) -> [CallSpan] {
        func number(_ name: String) -> UInt32 {
            var name = name
            return name.withUTF8 { linker.number(of: UnsafeRawBufferPointer($0)) }
        }
        return parts.map {
            CallSpan(
                traceIDLow: traceID, spanID: $0.id, parentID: $0.parent, serviceName: number($0.service),
                remoteServiceName: number($0.remote), address: $0.address, kind: $0.kind, isShared: $0.isShared,
                isError: $0.isError)
        }
    }

    /// Each link as `parent>child calls`, and its errors if it has any.
    var links: [String] {
        var linker = DependencyLinker()
        var spans = spans(&linker)
        linker.add(&spans)
        return linker.links.map(\.text)
    }

    /// Few IDs, names and addresses, so that everything meets everything.
    static func random(_ random: inout SeededGenerator, count: Int) -> CallTrace {
        CallTrace(
            (0..<count).map { _ in
                Part(
                    .random(in: 1...6, using: &random), under: .random(in: 0...6, using: &random),
                    SpanKind.allCases.randomElement(using: &random) ?? .client,
                    ["", "a", "b", "c"].randomElement(using: &random) ?? "",
                    to: ["", "", "b", "d"].randomElement(using: &random) ?? "", at: .random(in: 0...1, using: &random),
                    isShared: .random(using: &random), isError: .random(using: &random))
            })
    }
}

extension DependencyLink {
    var text: String { "\(parent)>\(child) \(callCount)" + (errorCount > 0 ? " (\(errorCount) failed)" : "") }
}
