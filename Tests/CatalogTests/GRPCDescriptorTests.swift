import QueryFiles
import Testing

/// The descriptors that reflection gives out, read by hand.
@Suite struct GRPCDescriptorTests {
    @Test func `the query services of Jaeger are described with every method`() throws {
        let methods = try described(GRPCDescriptors.jaegerQuery).methods
        #expect(
            methods["jaeger.api_v2.QueryService"] == [
                "GetTrace", "ArchiveTrace", "FindTraces", "GetServices", "GetOperations", "GetDependencies",
            ])
        #expect(
            methods["jaeger.api_v3.QueryService"] == [
                "GetTrace", "FindTraces", "GetServices", "GetOperations", "GetDependencies", "FindTraceSummaries",
            ])
        #expect(methods.count == 2)
    }

    @Test func `the storage services of Jaeger are described with every method`() throws {
        let methods = try described(GRPCDescriptors.jaegerStorage).methods
        #expect(
            methods["jaeger.storage.v2.TraceReader"] == [
                "GetTraces", "GetServices", "GetOperations", "FindTraces", "FindTraceIDs", "FindTraceSummaries",
            ])
        #expect(methods["jaeger.storage.v2.DependencyReader"] == ["GetDependencies"])
        #expect(methods["opentelemetry.proto.collector.trace.v1.TraceService"] == ["Export"])
        #expect(methods.count == 3)
    }

    @Test func `remote sampling is described, and imports nothing`() throws {
        let described = try described(GRPCDescriptors.jaegerSampling)
        #expect(described.methods == ["jaeger.api_v2.SamplingManager": ["GetSamplingStrategy"]])
        #expect(described.files.map(\.imports) == [[]])
    }

    @Test(arguments: [GRPCDescriptors.jaegerQuery, GRPCDescriptors.jaegerStorage])
    func `every file that another imports is there, before it`(bytes: [UInt8]) throws {
        var seen: Set<String> = []
        for file in try described(bytes).files {
            #expect(file.imports.allSatisfy(seen.contains), "\(file.name) imports \(file.imports)")
            seen.insert(file.name)
        }
        #expect(seen.contains("google/protobuf/timestamp.proto"))
    }

    // MARK: Reading

    private struct Described {
        var files: [(name: String, imports: [String])] = []
        /// By the full name of the service.
        var methods: [String: [String]] = [:]
    }

    private func described(_ bytes: [UInt8]) throws -> Described {
        var result = Described()
        for file in try fields(bytes[...]) where file.number == 1 {
            let parts = try fields(file.content)
            let name = text(parts, 1).first ?? ""
            let package = text(parts, 2).first ?? ""
            result.files.append((name, text(parts, 3)))
            for service in parts where service.number == 6 {
                let members = try fields(service.content)
                result.methods[package + "." + (text(members, 1).first ?? "")] = try members.filter { $0.number == 2 }
                    .map { text(try fields($0.content), 1).first ?? "" }
            }
        }
        return result
    }

    private typealias Field = (number: Int, content: ArraySlice<UInt8>)

    private func text(_ fields: [Field], _ number: Int) -> [String] {
        fields.filter { $0.number == number }.map { String(decoding: $0.content, as: UTF8.self) }
    }

    /// The fields of a message; of numbers no content.
    private func fields(_ bytes: ArraySlice<UInt8>) throws -> [Field] {
        var rest = bytes
        var fields: [Field] = []
        func varint() throws -> Int {
            var value = 0
            for shift in stride(from: 0, to: 63, by: 7) {
                let next = rest.popFirst()
                let byte = try #require(next)
                value |= Int(byte & 0x7f) << shift
                if byte < 0x80 { return value }
            }
            return value
        }
        while !rest.isEmpty {
            let tag = try varint()
            var count = 0
            switch tag & 7 {
            case 0: _ = try varint()
            case 1: count = 8
            case 5: count = 4
            default: count = try varint()
            }
            try #require(count <= rest.count)
            fields.append((tag >> 3, rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return fields
    }
}
