/// The tags of Zipkin's protobuf messages: field number shifted by three, and wire type.
enum ZipkinTag {
    enum List {
        static let spans: UInt32 = 1 << 3 | ProtobufReader.WireType.bytes
    }

    enum Span {
        static let traceID: UInt32 = 1 << 3 | ProtobufReader.WireType.bytes
        static let parentID: UInt32 = 2 << 3 | ProtobufReader.WireType.bytes
        static let spanID: UInt32 = 3 << 3 | ProtobufReader.WireType.bytes
        static let kind: UInt32 = 4 << 3 | ProtobufReader.WireType.varint
        static let name: UInt32 = 5 << 3 | ProtobufReader.WireType.bytes
        static let timestamp: UInt32 = 6 << 3 | ProtobufReader.WireType.fixed64
        static let duration: UInt32 = 7 << 3 | ProtobufReader.WireType.varint
        static let localEndpoint: UInt32 = 8 << 3 | ProtobufReader.WireType.bytes
        static let remoteEndpoint: UInt32 = 9 << 3 | ProtobufReader.WireType.bytes
        static let annotations: UInt32 = 10 << 3 | ProtobufReader.WireType.bytes
        static let tags: UInt32 = 11 << 3 | ProtobufReader.WireType.bytes
        static let debug: UInt32 = 12 << 3 | ProtobufReader.WireType.varint
        static let shared: UInt32 = 13 << 3 | ProtobufReader.WireType.varint
    }

    enum Endpoint {
        static let serviceName: UInt32 = 1 << 3 | ProtobufReader.WireType.bytes
        static let ipv4: UInt32 = 2 << 3 | ProtobufReader.WireType.bytes
        static let ipv6: UInt32 = 3 << 3 | ProtobufReader.WireType.bytes
        static let port: UInt32 = 4 << 3 | ProtobufReader.WireType.varint
    }

    enum Annotation {
        static let timestamp: UInt32 = 1 << 3 | ProtobufReader.WireType.fixed64
        static let value: UInt32 = 2 << 3 | ProtobufReader.WireType.bytes
    }

    /// An entry of the map of tags.
    enum Entry {
        static let key: UInt32 = 1 << 3 | ProtobufReader.WireType.bytes
        static let value: UInt32 = 2 << 3 | ProtobufReader.WireType.bytes
    }
}
