/// A Thrift value, to be written in any protocol.
indirect enum ThriftValue {
    case bool(Bool)
    case byte(UInt8)
    case i16(Int16)
    case i32(Int32)
    case i64(Int64)
    case double(Double)
    case bytes([UInt8])
    case structure([(id: Int16, value: ThriftValue)])
    /// All elements are of the type of the first; without any they are structs.
    case list([ThriftValue])
    case set([ThriftValue])
    case map([(key: ThriftValue, value: ThriftValue)])

    static func string(_ text: String) -> ThriftValue { .bytes(Array(text.utf8)) }
}

/// Writes Thrift's protocols as their specifications say, independently of the readers.
struct ThriftWriter {
    enum Encoding: CaseIterable {
        case binary, compact
    }

    private(set) var bytes: [UInt8] = []
    private let encoding: Encoding

    init(_ encoding: Encoding) { self.encoding = encoding }

    /// One value, as it stands behind its header.
    static func bytes(_ value: ThriftValue, _ encoding: Encoding) -> [UInt8] {
        var writer = ThriftWriter(encoding)
        writer.write(value)
        return writer.bytes
    }

    /// A message with its arguments.
    /// - Parameters:
    ///   - type: 1 for a call, 4 for one without an answer.
    ///   - isStrict: the binary protocol's header has a version.
    static func message(
        _ name: String, type: UInt8 = 4, sequence: Int32 = 0, _ arguments: ThriftValue, _ encoding: Encoding,
        isStrict: Bool = true
    ) -> [UInt8] {
        var writer = ThriftWriter(encoding)
        switch (encoding, isStrict) {
        case (.binary, true):
            writer.bytes += [0x80, 0x01, 0x00, type]
            writer.write(.string(name))
            writer.write(.i32(sequence))
        case (.binary, false):
            writer.write(.string(name))
            writer.bytes.append(type)
            writer.write(.i32(sequence))
        case (.compact, _):
            writer.bytes += [0x82, type << 5 | 1]
            writer.writeVarint(UInt64(UInt32(bitPattern: sequence)))
            writer.write(.string(name))
        }
        writer.write(arguments)
        return writer.bytes
    }

    mutating func write(_ value: ThriftValue) {
        switch value {
        case .bool(let flag): bytes.append(flag ? 1 : encoding == .binary ? 0 : 2)
        case .byte(let byte): bytes.append(byte)
        case .i16(let number): writeInteger(Int64(number), width: 2)
        case .i32(let number): writeInteger(Int64(number), width: 4)
        case .i64(let number): writeInteger(number, width: 8)
        case .double(let number):
            let bigEndian = Self.bigEndian(number.bitPattern, width: 8)
            bytes += encoding == .binary ? bigEndian : bigEndian.reversed()
        case .bytes(let string):
            writeCount(string.count)
            bytes += string
        case .structure(let fields): write(fields)
        case .list(let elements), .set(let elements):
            let type = elements.first.map(code) ?? code(of: .structure([]))
            if encoding == .binary {
                bytes.append(type)
                writeCount(elements.count)
            } else if elements.count < 15 {
                bytes.append(UInt8(elements.count) << 4 | type)
            } else {
                bytes.append(0xf0 | type)
                writeCount(elements.count)
            }
            for element in elements { write(element) }
        case .map(let pairs):
            if encoding == .compact { writeCount(pairs.count) }
            if let first = pairs.first {
                let types = [code(of: first.key), code(of: first.value)]
                bytes += encoding == .binary ? types : [types[0] << 4 | types[1]]
            } else if encoding == .binary {
                bytes += [11, 11]
            }
            if encoding == .binary { writeCount(pairs.count) }
            for (key, value) in pairs {
                write(key)
                write(value)
            }
        }
    }

    private mutating func write(_ fields: [(id: Int16, value: ThriftValue)]) {
        var lastID: Int16 = 0
        for (id, value) in fields {
            if encoding == .binary {
                bytes.append(code(of: value))
                writeInteger(Int64(id), width: 2)
                write(value)
                continue
            }
            var type = code(of: value)
            if case .bool(let flag) = value { type = flag ? 1 : 2 }
            let difference = Int(id) - Int(lastID)
            if (1...15).contains(difference) {
                bytes.append(UInt8(difference) << 4 | type)
            } else {
                bytes.append(type)
                writeInteger(Int64(id), width: 2)
            }
            lastID = id
            if case .bool = value { continue }
            write(value)
        }
        bytes.append(0)
    }

    private func code(of value: ThriftValue) -> UInt8 {
        let codes: (binary: UInt8, compact: UInt8) =
            switch value {
            case .bool: (2, 1)
            case .byte: (3, 3)
            case .i16: (6, 4)
            case .i32: (8, 5)
            case .i64: (10, 6)
            case .double: (4, 7)
            case .bytes: (11, 8)
            case .structure: (12, 12)
            case .map: (13, 11)
            case .set: (14, 10)
            case .list: (15, 9)
            }
        return encoding == .binary ? codes.binary : codes.compact
    }

    private mutating func writeCount(_ count: Int) {
        if encoding == .binary {
            bytes += Self.bigEndian(UInt64(count), width: 4)
        } else {
            writeVarint(UInt64(count))
        }
    }

    private mutating func writeInteger(_ number: Int64, width: Int) {
        if encoding == .binary {
            bytes += Self.bigEndian(UInt64(bitPattern: number), width: width)
        } else {
            writeVarint(UInt64(bitPattern: number << 1 ^ number >> 63))
        }
    }

    private mutating func writeVarint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func bigEndian(_ number: UInt64, width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (width - 1 - $0))) }
    }
}
