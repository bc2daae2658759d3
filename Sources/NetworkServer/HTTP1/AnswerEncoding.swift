internal import NIOCore

/// How the bytes of an answer's body are marked off.
enum AnswerFraming {
    case none  // the status allows no body
    case length(Int)
    case chunks
    case untilClose  // for clients too old for chunks
}

extension ByteBuffer {
    /// Appends a status line and header fields, up to and with the empty line.
    mutating func writeAnswerHead(
        _ response: HTTPResponse, originFields: [(name: String, value: String)], framing: AnswerFraming,
        date: [UInt8], connection: StaticString?
    ) {
        writeStaticString("HTTP/1.1 ")
        writeString(String(response.status.code))
        writeInteger(ASCII.space)
        writeString(response.status.reason)
        writeStaticString("\r\ndate: ")
        writeBytes(date)
        writeStaticString("\r\n")
        for (name, value) in response.headers where !HTTPResponse.isFraming(name) { writeField(name, value) }
        for (name, value) in originFields { writeField(name, value) }
        switch framing {
        case .none, .untilClose:
            break
        case .length(let length):
            writeStaticString("content-length: ")
            writeString(String(length))
            writeStaticString("\r\n")
        case .chunks:
            writeStaticString("transfer-encoding: chunked\r\n")
        }
        if let connection {
            writeStaticString("connection: ")
            writeStaticString(connection)
            writeStaticString("\r\n")
        }
        writeStaticString("\r\n")
    }

    /// Appends `bytes` as one chunk; nothing for none, which would mean the end.
    mutating func writeChunk(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        writeString(String(bytes.count, radix: 16))
        writeStaticString("\r\n")
        writeBytes(bytes)
        writeStaticString("\r\n")
    }

    private mutating func writeField(_ name: String, _ value: String) {
        writeString(cleanFieldValue(name))
        writeStaticString(": ")
        writeString(cleanFieldValue(value))
        writeStaticString("\r\n")
    }
}
