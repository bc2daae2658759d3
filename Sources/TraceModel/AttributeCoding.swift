/// The bytes of values that have a structure: lists, maps, and what a span keeps of its resource, scope, events, links.
///
/// Equal values have equal bytes: numbers take as few bytes as they can, keys keep their order, and a key that stands
/// twice stays twice. All lengths are in bytes; a varint is LEB128.
///
///     text        varint length, then the bytes
///     value       u8 type (a `ValueType`), then
///                     string, bytes   text
///                     bool            u8, 0 or 1
///                     int             varint, zigzag
///                     double          bit pattern, 8 bytes, little-endian
///                     array, map      text, whose bytes are the values of the array, or the attributes of the map
///                     none            nothing
///     attribute   text, the key; value
///     attributes  text, whose bytes are attributes; varint, number of dropped ones
///
///     A span's array      values
///     A span's map        attributes, each its key and value
///     Event attributes    attributes
///     Resource            attributes; text, schema URL; text, whose bytes are values: one map for each entity
///     Scope               attributes; text each: schema URL, name, version
///     Links               for each one text, whose bytes are: attributes; varint, flags; trace ID, 16 bytes, and
///                         span ID, 8 bytes, both highest first; trace state, all the bytes that are left
///
/// What has nothing in it is not kept at all: no event attributes, no resource, no scope, no links.
public enum AttributeCoding {
    /// Arrays and maps that may stand within each other. Readers and decoders refuse what is deeper.
    public static let depthMax = 64
}
