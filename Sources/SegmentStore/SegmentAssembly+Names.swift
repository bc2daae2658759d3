internal import Bytes
internal import TraceModel

extension SegmentAssembly {
    var errorCount: Int {
        shapes.reduce(0) { $0 + (SpanTraits(rawValue: $1.traits).isError ? $1.rowCount : 0) }
    }

    /// Puts the code in the place of each value that is kept as a code into its column's list.
    /// - Parameter dictionary: for each number of the segment's dictionary the string of the assembly.
    mutating func replaceValuesByCodes(_ plans: [ShapePlan], dictionary: [UInt32]) {
        var codes = [UInt32](repeating: 0, count: strings.count)
        for (shape, plan) in zip(shapes, plans) {
            for (index, column) in plan.columns.enumerated() where column.coding == .dictionary {
                for (code, number) in column.list.enumerated() { codes[Int(dictionary[Int(number)])] = UInt32(code) }
                let values = references.start + shape.firstValues[index]
                for row in 0..<shape.rowCount { values[row] = codes[Int(values[row])] }
            }
        }
    }

    /// Services, operations, remote services and attribute keys of all spans.
    func names() -> SegmentNames {
        struct Collected {
            var spanCount = 0
            var errorCount = 0
            var earliestStart: Int64?
            var latestStart: Int64?
            var operations: Set<SegmentNames.Operation> = []
            var remoteServices: Set<UInt32> = []
        }
        func text(_ number: UInt32) -> String { String(decoding: strings[Int(number)], as: UTF8.self) }
        var services: [UInt32: Collected] = [:]
        var keys: Set<UInt32> = []
        for shape in shapes {
            let traits = SpanTraits(rawValue: shape.traits)
            var service = services[shape.serviceName] ?? Collected()
            service.spanCount += shape.rowCount
            service.errorCount += traits.isError ? shape.rowCount : 0
            service.operations.insert(.init(name: text(shape.operationName), kind: traits.kind.rawValue))
            for (index, column) in shape.columns.enumerated() {
                if column.role == .attribute { keys.insert(column.key) }
                guard column.field == .remoteServiceName else { continue }
                for row in 0..<shape.rowCount {
                    service.remoteServices.insert(references[shape.firstValues[index] + row])
                }
            }
            services[shape.serviceName] = service
        }
        var times = shapes.map { _ in (earliest: Int64.max, latest: Int64.min) }
        for span in 0..<spanCount where starts[span] != SpanBatch.absentTime {
            let shape = Int(shapeOfSpan[span])
            times[shape].earliest = min(times[shape].earliest, starts[span])
            times[shape].latest = max(times[shape].latest, starts[span])
        }
        for (shape, time) in zip(shapes, times) where time.earliest <= time.latest {
            let known = services[shape.serviceName]
            services[shape.serviceName]?.earliestStart = min(known?.earliestStart ?? time.earliest, time.earliest)
            services[shape.serviceName]?.latestStart = max(known?.latestStart ?? time.latest, time.latest)
        }
        return SegmentNames(
            services: services.map { name, service in
                SegmentNames.Service(
                    name: text(name), spanCount: service.spanCount, errorCount: service.errorCount,
                    earliestStart: service.earliestStart, latestStart: service.latestStart,
                    operations: service.operations.sorted { ($0.name, $0.kind) < ($1.name, $1.kind) },
                    remoteServiceNames: service.remoteServices.map(text).sorted())
            }.sorted { $0.name < $1.name },
            attributeKeys: keys.map(text).sorted())
    }
}
