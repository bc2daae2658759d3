internal import Bytes

/// Which file of a set of `.proto` files says what.
struct DescriptorIndex: Sendable {
    struct File: Sendable {
        var name = ""
        var package = ""
        var dependencies: [String] = []
        /// The `FileDescriptorProto`.
        var bytes: [UInt8] = []
    }

    private var files: [File] = []
    private var fileOfName: [String: Int] = [:]
    private var fileOfSymbol: [String: Int] = [:]
    private var messages: Set<String> = []
    private var extensions: [String: [Int: Int]] = [:]  // extended message, number: file

    /// Takes in a `FileDescriptorSet`; of several files of one name the first counts.
    mutating func add(descriptorSet: [UInt8]) throws(ByteReaderError) {
        let outcome = descriptorSet.withUnsafeBytes { bytes in
            Result { () throws(ByteReaderError) in
                try Self.forEachField(bytes) { number, value throws(ByteReaderError) in
                    if number == 1, case .bytes(let file) = value { try add(file: file) }
                }
            }
        }
        try outcome.get()
    }

    mutating func add(_ description: FileDescription) {
        let outcome = description.protobuf.withUnsafeBytes { bytes in
            Result { () throws(ByteReaderError) in try add(file: bytes) }
        }
        guard case .success = outcome else { preconditionFailure("a description can be read") }
    }

    // MARK: Look-up

    /// The named file behind which follow all those that it needs; nil if there is none.
    func files(named name: String) -> [[UInt8]]? {
        fileOfName[name].map(withDependencies)
    }

    /// As `files(named:)`, for the file that has a service, method, message, enumeration or extension of this full
    /// name.
    func files(withSymbol symbol: String) -> [[UInt8]]? {
        fileOfSymbol[symbol].map(withDependencies)
    }

    func files(withExtension number: Int, of message: String) -> [[UInt8]]? {
        extensions[message]?[number].map(withDependencies)
    }

    /// In ascending order; nil if there is no such message.
    func extensionNumbers(of message: String) -> [Int]? {
        if let numbers = extensions[message]?.keys { return numbers.sorted() }
        return messages.contains(message) ? [] : nil
    }

    private func withDependencies(_ index: Int) -> [[UInt8]] {
        var found = [index]
        var seen: Set<Int> = [index]
        var next = 0
        while next < found.count {
            for dependency in files[found[next]].dependencies.compactMap({ fileOfName[$0] })
            where seen.insert(dependency).inserted {
                found.append(dependency)
            }
            next += 1
        }
        return found.map { files[$0].bytes }
    }

    // MARK: Reading

    private static func forEachField(
        _ bytes: UnsafeRawBufferPointer, _ take: (Int, MessageField) throws(ByteReaderError) -> Void
    ) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            let (number, value) = try reader.readField()
            try take(number, value)
        }
    }

    private mutating func add(file bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var file = File(bytes: Array(bytes))
        try Self.forEachField(bytes) { number, value throws(ByteReaderError) in
            guard let text = value.text else { return }
            switch number {
            case 1: file.name = text
            case 2: file.package = text
            case 3: file.dependencies.append(text)
            default: break
            }
        }
        guard fileOfName[file.name] == nil else { return }
        let index = files.count
        files.append(file)
        fileOfName[file.name] = index
        try Self.forEachField(bytes) { number, value throws(ByteReaderError) in
            guard case .bytes(let value) = value else { return }
            switch number {
            case 4: try add(message: value, in: file.package, index)
            case 5: try add(named: value, in: file.package, index)
            case 6:
                let service = try add(named: value, in: file.package, index)
                try Self.forEachField(value) { number, method throws(ByteReaderError) in
                    if number == 2, case .bytes(let method) = method { try add(named: method, in: service, index) }
                }
            case 7: try add(extension: value, in: file.package, index)
            default: break
            }
        }
    }

    private mutating func add(
        message bytes: UnsafeRawBufferPointer, in scope: String, _ file: Int
    ) throws(ByteReaderError) {
        // As deep as the compiler lets messages be nested at most.
        guard scope.utf8.count < 4096 else {
            throw ByteReaderError(offset: 0, message: "messages are nested too deeply")
        }
        let name = try add(named: bytes, in: scope, file)
        messages.insert(name)
        try Self.forEachField(bytes) { number, value throws(ByteReaderError) in
            guard case .bytes(let value) = value else { return }
            switch number {
            case 3: try add(message: value, in: name, file)
            case 4: try add(named: value, in: name, file)
            case 6: try add(extension: value, in: name, file)
            default: break
            }
        }
    }

    /// Adds what has its name as its first field.
    /// - Returns: its full name.
    @discardableResult
    private mutating func add(
        named bytes: UnsafeRawBufferPointer, in scope: String, _ file: Int
    ) throws(ByteReaderError) -> String {
        var name = ""
        try Self.forEachField(bytes) { number, value throws(ByteReaderError) in
            if number == 1, let text = value.text { name = text }
        }
        let fullName = scope.isEmpty ? name : "\(scope).\(name)"
        fileOfSymbol[fullName] = fileOfSymbol[fullName] ?? file
        return fullName
    }

    private mutating func add(
        extension bytes: UnsafeRawBufferPointer, in scope: String, _ file: Int
    ) throws(ByteReaderError) {
        try add(named: bytes, in: scope, file)
        var extended = ""
        var extensionNumber = 0
        try Self.forEachField(bytes) { number, value throws(ByteReaderError) in
            if number == 2, let text = value.text { extended = String(text.drop { $0 == "." }) }
            if number == 3, let number = value.signed { extensionNumber = number }
        }
        extensions[extended, default: [:]][extensionNumber] = file
    }
}
