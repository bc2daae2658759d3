package import NetworkServer

/// The parameters of a request, by name.
package struct QueryParameters: Sendable {
    private let values: [(name: String, value: String)]

    package init(_ values: [(name: String, value: String)]) { self.values = values }

    package init(_ query: HTTPQuery) { values = query.parameters }

    package var names: [String] { values.map(\.name) }

    /// The first value, which may be empty; nil if it is missing.
    package func first(_ name: String) -> String? { values.first { $0.name == name }?.value }

    /// The first value; nil if it is missing or empty.
    package func text(_ name: String) -> String? { first(name).flatMap { $0.isEmpty ? nil : $0 } }

    package func all(_ name: String) -> [String] { values.lazy.filter { $0.name == name }.map(\.value) }

    /// More tags or annotations are refused: a search tests each of them on every span it looks at.
    static let clauseCountMax = 50
}

/// Why a query cannot be answered: what is wrong with its parameters.
package struct QueryError: Error, Equatable {
    package let message: String

    package init(_ message: String) { self.message = message }
}
