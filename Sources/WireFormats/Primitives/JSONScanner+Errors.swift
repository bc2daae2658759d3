internal import Bytes

extension JSONScanner {
    func malformed(_ message: String, at place: Int? = nil) -> DecodeError {
        DecodeError(.malformed, message, offset: place ?? offset)
    }

    @inline(never)
    func unexpected(_ wanted: String) -> DecodeError {
        guard offset < count else { return endsEarly() }
        let found = byte(offset)
        let shown =
            found > 0x20 && found < 0x7f
            ? "\"\(Character(Unicode.Scalar(found)))\"" : "byte 0x" + String(found, radix: 16)
        return malformed("expected \(wanted), found \(shown)")
    }

    @inline(never)

    func endsEarly() -> DecodeError { malformed("the text ends too early") }
}
