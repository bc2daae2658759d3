internal import Bytes
internal import TraceModel

/// Collects what a segment holds in names, block by block or at once.
struct NamesCollector {
    private struct ShapeFacts {
        var rowCount = 0
        var earliestStart = Int64.max
        var latestStart = Int64.min
        /// Remote services of its rows: numbers of the dictionary.
        var remoteServices: Set<UInt32> = []
    }

    private var facts: [ShapeFacts]
    /// Remote services that are not in the dictionary, by shape.
    private var unlistedRemoteServices: [Int: Set<String>] = [:]

    init(shapeCount: Int) { facts = Array(repeating: ShapeFacts(), count: shapeCount) }

    /// Takes in all spans of the assembly, whose references are still numbers of strings.
    /// - Parameter dictionaryCount: strings with a higher number do not outlive the assembly.
    mutating func add(_ assembly: borrowing SegmentAssembly, dictionaryCount: Int) {
        for span in 0..<assembly.spanCount where assembly.starts[span] != SpanBatch.absentTime {
            let shape = Int(assembly.shapeOfSpan[span])
            facts[shape].earliestStart = min(facts[shape].earliestStart, assembly.starts[span])
            facts[shape].latestStart = max(facts[shape].latestStart, assembly.starts[span])
        }
        for number in facts.indices where assembly.shapes[number].rowCount > 0 {
            let shape = assembly.shapes[number]
            facts[number].rowCount += shape.rowCount
            for (index, column) in shape.columns.enumerated() where column.field == .remoteServiceName {
                let values = assembly.references.start + shape.firstValues[index]
                for row in 0..<shape.rowCount {
                    if values[row] < dictionaryCount {
                        facts[number].remoteServices.insert(values[row])
                    } else {
                        let name = String(decoding: assembly.strings[Int(values[row])], as: UTF8.self)
                        unlistedRemoteServices[number, default: []].insert(name)
                    }
                }
            }
        }
    }

    /// Numbers of all remote services that are in the dictionary.
    var remoteServices: Set<UInt32> { facts.reduce(into: []) { $0.formUnion($1.remoteServices) } }

    func errorCount(_ shapes: [SegmentAssembly.Shape]) -> Int {
        zip(shapes, facts).reduce(0) { $0 + (SpanTraits(rawValue: $1.0.traits).isError ? $1.1.rowCount : 0) }
    }

    /// Services, operations, remote services and attribute keys of all spans.
    /// - Parameter text: of a number of the dictionary.
    func names(_ shapes: [SegmentAssembly.Shape], text: (UInt32) -> String) -> SegmentNames {
        struct Collected {
            var spanCount = 0
            var errorCount = 0
            var earliestStart: Int64?
            var latestStart: Int64?
            var operations: Set<SegmentNames.Operation> = []
            var remoteServices: Set<String> = []
        }
        var services: [UInt32: Collected] = [:]
        var keys: Set<UInt32> = []
        for (number, shape) in shapes.enumerated() where facts[number].rowCount > 0 {
            let own = facts[number]
            let traits = SpanTraits(rawValue: shape.traits)
            var service = services[shape.serviceName] ?? Collected()
            service.spanCount += own.rowCount
            service.errorCount += traits.isError ? own.rowCount : 0
            service.operations.insert(.init(name: text(shape.operationName), kind: traits.kind.rawValue))
            for column in shape.columns where column.role == .attribute { keys.insert(column.key) }
            service.remoteServices.formUnion(own.remoteServices.map(text))
            service.remoteServices.formUnion(unlistedRemoteServices[number] ?? [])
            if own.earliestStart <= own.latestStart {
                service.earliestStart = min(service.earliestStart ?? own.earliestStart, own.earliestStart)
                service.latestStart = max(service.latestStart ?? own.latestStart, own.latestStart)
            }
            services[shape.serviceName] = service
        }
        return SegmentNames(
            services: services.map { name, service in
                SegmentNames.Service(
                    name: text(name), spanCount: service.spanCount, errorCount: service.errorCount,
                    earliestStart: service.earliestStart, latestStart: service.latestStart,
                    operations: service.operations.sorted { ($0.name, $0.kind) < ($1.name, $1.kind) },
                    remoteServiceNames: service.remoteServices.sorted())
            }.sorted { $0.name < $1.name },
            attributeKeys: keys.map(text).sorted())
    }
}
