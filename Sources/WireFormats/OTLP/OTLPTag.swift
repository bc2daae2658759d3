/// Tags of OTLP's protobuf fields: the field number shifted by three, and the wire type.
enum OTLPTag {
    private static let varint: UInt32 = 0
    private static let fixed64: UInt32 = 1
    private static let delimited: UInt32 = 2
    private static let fixed32: UInt32 = 5

    enum Request {
        static let resourceSpans: UInt32 = 1 << 3 | delimited
    }

    enum ResourceSpans {
        static let resource: UInt32 = 1 << 3 | delimited
        static let scopeSpans: UInt32 = 2 << 3 | delimited
        static let schemaURL: UInt32 = 3 << 3 | delimited
    }

    enum ScopeSpans {
        static let scope: UInt32 = 1 << 3 | delimited
        static let spans: UInt32 = 2 << 3 | delimited
        static let schemaURL: UInt32 = 3 << 3 | delimited
    }

    enum Resource {
        static let attributes: UInt32 = 1 << 3 | delimited
        static let droppedAttributeCount: UInt32 = 2 << 3 | varint
        static let entities: UInt32 = 3 << 3 | delimited
    }

    enum Entity {
        static let schemaURL: UInt32 = 1 << 3 | delimited
        static let type: UInt32 = 2 << 3 | delimited
        static let idKeys: UInt32 = 3 << 3 | delimited
        static let descriptionKeys: UInt32 = 4 << 3 | delimited
    }

    enum Scope {
        static let name: UInt32 = 1 << 3 | delimited
        static let version: UInt32 = 2 << 3 | delimited
        static let attributes: UInt32 = 3 << 3 | delimited
        static let droppedAttributeCount: UInt32 = 4 << 3 | varint
    }

    enum Span {
        static let traceID: UInt32 = 1 << 3 | delimited
        static let spanID: UInt32 = 2 << 3 | delimited
        static let traceState: UInt32 = 3 << 3 | delimited
        static let parentID: UInt32 = 4 << 3 | delimited
        static let name: UInt32 = 5 << 3 | delimited
        static let kind: UInt32 = 6 << 3 | varint
        static let start: UInt32 = 7 << 3 | fixed64
        static let end: UInt32 = 8 << 3 | fixed64
        static let attributes: UInt32 = 9 << 3 | delimited
        static let droppedAttributeCount: UInt32 = 10 << 3 | varint
        static let events: UInt32 = 11 << 3 | delimited
        static let droppedEventCount: UInt32 = 12 << 3 | varint
        static let links: UInt32 = 13 << 3 | delimited
        static let droppedLinkCount: UInt32 = 14 << 3 | varint
        static let status: UInt32 = 15 << 3 | delimited
        static let flags: UInt32 = 16 << 3 | fixed32
    }

    enum Event {
        static let time: UInt32 = 1 << 3 | fixed64
        static let name: UInt32 = 2 << 3 | delimited
        static let attributes: UInt32 = 3 << 3 | delimited
        static let droppedAttributeCount: UInt32 = 4 << 3 | varint
    }

    enum Link {
        static let traceID: UInt32 = 1 << 3 | delimited
        static let spanID: UInt32 = 2 << 3 | delimited
        static let traceState: UInt32 = 3 << 3 | delimited
        static let attributes: UInt32 = 4 << 3 | delimited
        static let droppedAttributeCount: UInt32 = 5 << 3 | varint
        static let flags: UInt32 = 6 << 3 | fixed32
    }

    enum Status {
        static let message: UInt32 = 2 << 3 | delimited
        static let code: UInt32 = 3 << 3 | varint
    }

    enum KeyValue {
        static let key: UInt32 = 1 << 3 | delimited
        static let value: UInt32 = 2 << 3 | delimited
    }

    enum AnyValue {
        static let string: UInt32 = 1 << 3 | delimited
        static let bool: UInt32 = 2 << 3 | varint
        static let int: UInt32 = 3 << 3 | varint
        static let double: UInt32 = 4 << 3 | fixed64
        static let array: UInt32 = 5 << 3 | delimited
        static let map: UInt32 = 6 << 3 | delimited
        static let bytes: UInt32 = 7 << 3 | delimited
    }

    /// Of ArrayValue and KeyValueList alike.
    enum List {
        static let values: UInt32 = 1 << 3 | delimited
    }
}
