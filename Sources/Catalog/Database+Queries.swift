internal import Bytes
internal import FoundationEssentials
internal import GRDB
internal import QueryFiles

/// Named queries on one connection; each is prepared once.
extension Database {
    func run(_ query: QueryFile, _ arguments: StatementArguments = []) throws {
        try cachedStatement(sql: query.sql).execute(arguments: arguments)
    }

    /// Rows are read while the query runs: it must not be started again before the last one.
    func rows(_ query: QueryFile, _ arguments: StatementArguments = []) throws -> RowCursor {
        try Row.fetchCursor(try cachedStatement(sql: query.sql), arguments: arguments)
    }

    /// The first column of the first row; nil without a row.
    func integer(_ query: QueryFile, _ arguments: StatementArguments = []) throws -> Int64? {
        try Int64.fetchOne(try cachedStatement(sql: query.sql), arguments: arguments)
    }

    func integers(_ query: QueryFile, _ arguments: StatementArguments = []) throws -> [Int64] {
        try Int64.fetchAll(try cachedStatement(sql: query.sql), arguments: arguments)
    }

    /// The first column as names.
    func names(_ query: QueryFile, _ arguments: StatementArguments = []) throws -> [String] {
        var names: [String] = []
        let rows = try rows(query, arguments)
        while let row = try rows.next() { names.append(try row.name(at: 0)) }
        return names
    }
}

extension Row {
    func name(at index: Int) throws -> String {
        try withUnsafeData(atIndex: index) { String(decoding: $0 ?? Data(), as: UTF8.self) }
    }

    func bytes(at index: Int) throws -> [UInt8] {
        try withUnsafeData(atIndex: index) { [UInt8]($0 ?? Data()) }
    }

    func nameSet(at index: Int) throws -> NameSet {
        do {
            return try withUnsafeData(atIndex: index) { data in
                try (data ?? Data()).withUnsafeBytes { try NameSet(decoding: $0) }
            }
        } catch let error as ByteReaderError {
            throw CatalogError(code: .corrupt, message: "catalog: a set of names is damaged: \(error)", cause: error)
        }
    }
}

extension String {
    /// The form in which names are stored. Text would end at a NUL.
    var nameBytes: Data { Data(utf8) }
}
