internal import Bytes
internal import TraceModel

/// OTLP's keys and values. What is damaged ends where the damage is.
extension ProtobufWriter {
    /// A text that is absent when it is empty.
    mutating func write(_ tag: UInt32, text: UnsafeRawBufferPointer) {
        if text.count > 0 { write(tag, bytes: text) }
    }

    mutating func write(
        _ tag: UInt32, keyPrefix: UnsafeRawBufferPointer? = nil, key: UnsafeRawBufferPointer, _ value: SpanValue
    ) {
        write(tag, keyPrefix: keyPrefix, key: key, value, within: AttributeReader(key))
    }

    /// - Parameter dropped: tag of the number of dropped attributes.
    mutating func write(_ list: AttributeList, _ tag: UInt32, dropped: UInt32) {
        var attributes = list.attributes
        while let (key, value) = try? attributes.nextAttribute() { write(tag, key: key, value, within: attributes) }
        if list.droppedCount > 0 { write(dropped, varint: UInt64(list.droppedCount)) }
    }

    mutating func write(entities: AttributeReader) {
        var entities = entities
        while case .map(let body) = try? entities.nextValue(), var entity = try? entities.reader(of: body) {
            let mark = begin(OTLPTag.Resource.entities)
            while let (key, value) = try? entity.nextAttribute() {
                switch value {
                case .string(let text) where key.equals(OTLPEntityKey.schemaURL):
                    write(OTLPTag.Entity.schemaURL, bytes: text)
                case .string(let text) where key.equals(OTLPEntityKey.type):
                    write(OTLPTag.Entity.type, bytes: text)
                case .array(let keys) where key.equals(OTLPEntityKey.idKeys):
                    writeStrings(OTLPTag.Entity.idKeys, AttributeReader(keys))
                case .array(let keys) where key.equals(OTLPEntityKey.descriptionKeys):
                    writeStrings(OTLPTag.Entity.descriptionKeys, AttributeReader(keys))
                default: break
                }
            }
            end(mark)
        }
    }

    private mutating func writeStrings(_ tag: UInt32, _ strings: AttributeReader) {
        var strings = strings
        while case .string(let text) = try? strings.nextValue() { write(tag, bytes: text) }
    }

    private mutating func write(
        _ tag: UInt32, keyPrefix: UnsafeRawBufferPointer? = nil, key: UnsafeRawBufferPointer, _ value: SpanValue,
        within reader: AttributeReader
    ) {
        let attribute = begin(tag)
        if let keyPrefix {
            write(OTLPTag.KeyValue.key, keyPrefix, key)
        } else {
            write(OTLPTag.KeyValue.key, text: key)
        }
        let mark = begin(OTLPTag.KeyValue.value)
        write(value, within: reader)
        end(mark)
        end(attribute)
    }

    /// - Parameter reader: what the value was read with, so that its depth is known.
    private mutating func write(_ value: SpanValue, within reader: AttributeReader) {
        switch value {
        case .string(let text): write(OTLPTag.AnyValue.string, bytes: text)
        case .bytes(let bytes): write(OTLPTag.AnyValue.bytes, bytes: bytes)
        case .bool(let flag): write(OTLPTag.AnyValue.bool, varint: flag ? 1 : 0)
        case .int(let number): write(OTLPTag.AnyValue.int, varint: UInt64(bitPattern: number))
        case .double(let number): write(OTLPTag.AnyValue.double, fixed64: number.bitPattern)
        case .array(let body):
            let mark = begin(OTLPTag.AnyValue.array)
            if var values = try? reader.reader(of: body) {
                while let value = try? values.nextValue() {
                    let element = begin(OTLPTag.List.values)
                    write(value, within: values)
                    end(element)
                }
            }
            end(mark)
        case .map(let body):
            let mark = begin(OTLPTag.AnyValue.map)
            if var attributes = try? reader.reader(of: body) {
                while let (key, value) = try? attributes.nextAttribute() {
                    write(OTLPTag.List.values, key: key, value, within: attributes)
                }
            }
            end(mark)
        case .none: break
        }
    }
}
