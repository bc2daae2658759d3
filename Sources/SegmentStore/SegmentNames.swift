internal import Bytes

/// What a segment holds, in names: what the catalog is told of it, and can be told again from the segment alone.
public struct SegmentNames: Sendable, Equatable {
    public struct Service: Sendable, Equatable {
        public var name: String
        public var spanCount: Int
        public var errorCount: Int
        /// Nanoseconds since 1970; nil if no span of the service has a start.
        public var earliestStart: Int64?
        public var latestStart: Int64?
        public var operations: [Operation]
        public var remoteServiceNames: [String]
    }

    public struct Operation: Sendable, Hashable {
        public var name: String
        /// Raw value of a `SpanKind`.
        public var kind: UInt8

        public init(name: String, kind: UInt8) {
            self.name = name
            self.kind = kind
        }
    }

    public var services: [Service]
    public var attributeKeys: [String]

    static let serviceCountMax = 1 << 20
    static let nameByteCountMax = 1 << 20

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        func write(_ text: String) {
            writer.writeVarint(text.utf8.count)
            writer.write(Array(text.utf8))
        }
        func write(_ time: Int64?) {
            writer.write(UInt8(time == nil ? 0 : 1))
            if let time { writer.writeSignedVarint(time) }
        }
        writer.writeVarint(services.count)
        for service in services {
            write(service.name)
            writer.writeVarint(service.spanCount)
            writer.writeVarint(service.errorCount)
            write(service.earliestStart)
            write(service.latestStart)
            writer.writeVarint(service.operations.count)
            for operation in service.operations {
                write(operation.name)
                writer.write(operation.kind)
            }
            writer.writeVarint(service.remoteServiceNames.count)
            for name in service.remoteServiceNames { write(name) }
        }
        writer.writeVarint(attributeKeys.count)
        for key in attributeKeys { write(key) }
        return writer.bytes
    }

    init(services: [Service], attributeKeys: [String]) {
        self.services = services
        self.attributeKeys = attributeKeys
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        func readText(_ reader: inout ByteReader) throws(ByteReaderError) -> String {
            let count = try reader.readCount(max: Self.nameByteCountMax)
            return String(decoding: try reader.readBytes(count), as: UTF8.self)
        }
        func readTime(_ reader: inout ByteReader) throws(ByteReaderError) -> Int64? {
            try reader.readByte() == 0 ? nil : try reader.readSignedVarint()
        }
        services = []
        for _ in 0..<(try reader.readCount(max: Self.serviceCountMax)) {
            var service = Service(
                name: try readText(&reader), spanCount: try reader.readCount(max: SegmentFormat.spanCountMax),
                errorCount: try reader.readCount(max: SegmentFormat.spanCountMax),
                earliestStart: try readTime(&reader), latestStart: try readTime(&reader), operations: [],
                remoteServiceNames: [])
            for _ in 0..<(try reader.readCount(max: SegmentFormat.spanCountMax)) {
                service.operations.append(Operation(name: try readText(&reader), kind: try reader.readByte()))
            }
            for _ in 0..<(try reader.readCount(max: SegmentFormat.spanCountMax)) {
                service.remoteServiceNames.append(try readText(&reader))
            }
            services.append(service)
        }
        attributeKeys = []
        for _ in 0..<(try reader.readCount(max: SegmentFormat.spanCountMax)) {
            attributeKeys.append(try readText(&reader))
        }
    }
}
