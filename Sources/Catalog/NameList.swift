internal import GRDB
internal import QueryFiles

/// A list of names that is kept for people to choose from.
enum NameList: Int, CaseIterable {
    // In the order of the sets in the table of segments' names.
    case operations, remoteServices, attributeKeys

    var find: QueryFile {
        switch self {
        case .operations: .operationFind
        case .remoteServices: .remoteServiceFind
        case .attributeKeys: .attributeKeyFind
        }
    }

    var insert: QueryFile {
        switch self {
        case .operations: .operationInsert
        case .remoteServices: .remoteServiceInsert
        case .attributeKeys: .attributeKeyInsert
        }
    }

    var count: QueryFile {
        switch self {
        case .operations: .operationCount
        case .remoteServices: .remoteServiceCount
        case .attributeKeys: .attributeKeyCount
        }
    }

    /// Nil for a list that is not kept for each service.
    var countOfService: QueryFile? {
        switch self {
        case .operations: .operationCountOfService
        case .remoteServices: .remoteServiceCountOfService
        case .attributeKeys: nil
        }
    }

    var deleteRange: QueryFile {
        switch self {
        case .operations: .operationDeleteRange
        case .remoteServices: .remoteServiceDeleteRange
        case .attributeKeys: .attributeKeyDeleteRange
        }
    }

    var ids: QueryFile {
        switch self {
        case .operations: .operationIDs
        case .remoteServices: .remoteServiceIDs
        case .attributeKeys: .attributeKeyIDs
        }
    }

    /// Rows that the list may have in all.
    func countMax(_ limits: CatalogLimits) -> Int {
        self == .attributeKeys ? limits.attributeKeyCountMax : limits.nameCountMax
    }
}

/// One set of names for each list.
struct NameSets {
    private var sets = [NameSet](repeating: NameSet(), count: NameList.allCases.count)

    init() {}

    /// - Parameter row: begins with one column for each list, in the lists' order.
    init(_ row: Row) throws {
        for list in NameList.allCases { sets[list.rawValue] = try row.nameSet(at: list.rawValue) }
    }

    subscript(_ list: NameList) -> NameSet {
        get { sets[list.rawValue] }
        set { sets[list.rawValue] = newValue }
    }

    var isEmpty: Bool { sets.allSatisfy(\.isEmpty) }

    mutating func formUnion(_ other: NameSets) {
        for list in NameList.allCases { self[list].formUnion(other[list]) }
    }

    mutating func subtract(_ other: NameSets) {
        for list in NameList.allCases { self[list].subtract(other[list]) }
    }
}
