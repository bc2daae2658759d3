/// The versions of Zipkin's JSON, which are too much alike to be told apart by every span.
enum ZipkinJSONVersion {
    case one
    case two

    private var name: StaticString { self == .one ? "JSON_V1" : "JSON_V2" }

    /// Names that only the other version has, with the quote that ends them.
    private var foreignNames: [StaticString] {
        switch self {
        case .one: ["Endpoint\"", "\"tags\""]
        case .two: ["binaryAnnotations\""]
        }
    }

    func notList(at offset: Int) -> DecodeError {
        DecodeError(.otherFormat, "Expected a \(name) encoded list", offset: offset)
    }

    /// For a body of this version in which something was found that only the other one has.
    func otherVersion(at offset: Int) -> DecodeError {
        let other = self == .one ? Self.two : .one
        return DecodeError(
            .otherFormat, "Expected a \(name) encoded list, but received: \(other.name)", offset: offset)
    }

    /// The reason of the refusal of a body that could not be read: what is wrong with it, or that it is of the other
    /// version, whose sender can do more with that.
    func refusal(of body: UnsafeRawBufferPointer, for error: DecodeError) -> DecodeError {
        guard error.code == .malformed else { return error }
        for name in foreignNames {
            if let place = Self.place(of: name.rawBytes, in: body) { return otherVersion(at: place) }
        }
        return error
    }

    private static func place(of name: UnsafeRawBufferPointer, in body: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        while at + name.count <= body.count {
            if body[at] == name[0], body[at..<at + name.count].elementsEqual(name) { return at }
            at += 1
        }
        return nil
    }
}
