internal import HTTPServer

/// The parameters of a request, by name.
struct QueryParameters {
    private let values: [(name: String, value: String)]

    init(_ values: [(name: String, value: String)]) { self.values = values }

    init(_ query: HTTPQuery) { values = query.parameters }

    /// The first value; nil if it is missing or empty.
    func text(_ name: String) -> String? {
        values.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    func all(_ name: String) -> [String] { values.lazy.filter { $0.name == name }.map(\.value) }
}

/// Why a query cannot be answered: what is wrong with its parameters.
struct QueryError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
