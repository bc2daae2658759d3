internal import GRDB
internal import QueryFiles

/// Finds the row IDs of a segment's names, entering those that are new as far as the limits allow.
///
/// For one transaction: it counts on nobody else entering names meanwhile.
struct NameRegistrar {
    private let database: Database
    private let limits: CatalogLimits
    /// Counted when the first new name comes.
    private var serviceCount: Int?
    private var counts: [NameList: Int] = [:]
    /// Of the service at hand.
    private var countsOfService: [NameList: Int] = [:]
    private var ids = [[Int64]](repeating: [], count: NameList.allCases.count)

    private(set) var unlistedServiceCount = 0
    private(set) var unlistedNameCount = 0
    private(set) var services: [(id: Int64, summary: ServiceSummary)] = []

    init(_ database: Database, _ limits: CatalogLimits) {
        self.database = database
        self.limits = limits
    }

    func sets() throws(CatalogError) -> NameSets {
        var sets = NameSets()
        for list in NameList.allCases { sets[list] = try NameSet(ids[list.rawValue]) }
        return sets
    }

    mutating func enter(_ summary: SegmentSummary) throws {
        for service in summary.services { try enter(service) }
        for key in summary.attributeKeys {
            try enter(key, in: .attributeKeys, service: nil, ["name": key.nameBytes])
        }
    }

    private mutating func enter(_ service: ServiceSummary) throws {
        guard let id = try serviceID(service.name) else {
            unlistedServiceCount += 1
            unlistedNameCount += service.operations.count + service.remoteServiceNames.count
            return
        }
        services.append((id, service))
        countsOfService = [:]
        for (name, kind) in service.operations {
            try enter(
                name, in: .operations, service: id, ["service_id": id, "name": name.nameBytes, "kind": Int64(kind)])
        }
        for name in service.remoteServiceNames {
            try enter(name, in: .remoteServices, service: id, ["service_id": id, "name": name.nameBytes])
        }
    }

    /// - Returns: nil if the service is new and beyond the limits.
    private mutating func serviceID(_ name: String) throws -> Int64? {
        let arguments: StatementArguments = ["name": name.nameBytes]
        guard name.utf8.count <= limits.nameByteCountMax else { return nil }
        if let id = try database.integer(.serviceFind, arguments) { return id }
        let count = try serviceCount ?? Int(try database.integer(.serviceCount) ?? 0)
        serviceCount = count
        guard count < limits.serviceCountMax else { return nil }
        serviceCount = count + 1
        try database.run(.serviceInsert, arguments)
        return database.lastInsertedRowID
    }

    private mutating func enter(
        _ name: String, in list: NameList, service: Int64?, _ arguments: StatementArguments
    ) throws {
        if name.utf8.count <= limits.nameByteCountMax {
            if let id = try database.integer(list.find, arguments) {
                ids[list.rawValue].append(id)
                return
            }
            if try takeRoom(in: list, service: service) {
                try database.run(list.insert, arguments)
                ids[list.rawValue].append(database.lastInsertedRowID)
                return
            }
        }
        unlistedNameCount += 1
    }

    /// Counts one more name, or nothing if a limit is reached.
    private mutating func takeRoom(in list: NameList, service: Int64?) throws -> Bool {
        let count = try counts[list] ?? Int(try database.integer(list.count) ?? 0)
        counts[list] = count
        guard count < list.countMax(limits) else { return false }
        if let query = list.countOfService, let service {
            let countOfService =
                try countsOfService[list] ?? Int(try database.integer(query, ["service_id": service]) ?? 0)
            countsOfService[list] = countOfService
            guard countOfService < limits.nameCountMaxPerService else { return false }
            countsOfService[list] = countOfService + 1
        }
        counts[list] = count + 1
        return true
    }
}
