/// What a wide operation does, which decides the attributes of its spans.
enum WideOperationKind: Int, CaseIterable {
    case read, write, validate, select, update, call, publish, consume

    var zipkinKind: String? {
        switch self {
        case .read, .write: "SERVER"
        case .select, .update, .call: "CLIENT"
        case .publish: "PRODUCER"
        case .consume: "CONSUMER"
        case .validate: nil
        }
    }
}

/// One operation of one service; its position in the catalog is the type of its spans.
struct WideOperation {
    let service: Int
    let kind: WideOperationKind
    let name: String
}

/// One instance of a wide service.
struct WidePod {
    let instanceID: TextArena.Text
    let name: TextArena.Text
    let nodeName: TextArena.Text
    let processID: TextArena.Text
    let address: TextArena.Text
    let addressBytes: TextArena.Text
}

/// 60 services, their 400 operations and 180 pods.
struct WideCatalog {
    static let serviceCount = 60
    static let entryServiceCount = 6
    static let podsPerService = 3
    static let userCount = 250_000

    private(set) var operations: [WideOperation] = []
    /// The operations of each service, as a range of `operations`, in the order of `WideOperationKind`.
    private(set) var operationsByService: [Range<Int>] = []
    private(set) var pods: [WidePod] = []

    init(arena: TextArena) {
        for service in 0..<Self.serviceCount {
            let first = operations.count
            var kinds: [WideOperationKind] = [.read, .write, .validate, .select, .update, .call]
            if service < 40 { kinds.append(service % 2 == 0 ? .publish : .consume) }
            for kind in kinds {
                operations.append(
                    WideOperation(service: service, kind: kind, name: Self.name(of: kind, service: service)))
            }
            operationsByService.append(first..<operations.count)
        }
        var generator = SeededGenerator(seed: 0x7769_6465)
        for service in 0..<Self.serviceCount {
            for instance in 0..<Self.podsPerService {
                let suffix = Self.letters(5, &generator)
                let set = Self.letters(9, &generator)
                let node = generator.below(24)
                let address = "10.\(1 + service / 30).\(service % 30).\(10 + instance * 17)"
                pods.append(
                    WidePod(
                        instanceID: arena.add(Self.uuid(&generator)),
                        name: arena.add("\(Self.serviceName(service))-\(set)-\(suffix)"),
                        nodeName: arena.add("ip-10-0-\(node / 8)-\(100 + node).eu-central-1.compute.internal"),
                        processID: arena.add("\(1 + generator.below(30_000))"),
                        address: arena.add(address), addressBytes: arena.add(ipv4: address)))
            }
        }
    }

    static func noun(_ service: Int) -> String { nouns[service] }

    static func serviceName(_ service: Int) -> String {
        service < entryServiceCount ? nouns[service] : nouns[service] + "-service"
    }

    /// What a service is written in, as its SDK says.
    static func language(_ service: Int) -> String { ["java", "go", "python", "nodejs", "dotnet"][service % 5] }

    private static func name(of kind: WideOperationKind, service: Int) -> String {
        let noun = nouns[service]
        let capitalized = noun.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let table = noun.map { $0 == "-" ? "_" : String($0) }.joined()
        return switch kind {
        case .read: "GET /api/v2/\(noun)s/{id}"
        case .write: "POST /api/v2/\(noun)s"
        case .validate: "\(capitalized)Validator.validate"
        case .select: "SELECT \(table)_db.\(table)s"
        case .update: "UPDATE \(table)_db.\(table)s"
        case .call: "\(capitalized)Client/Fetch"
        case .publish: "\(noun).events publish"
        case .consume: "\(noun).commands process"
        }
    }

    private static func letters(_ count: Int, _ generator: inout SeededGenerator) -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<count).map { _ in alphabet[generator.below(alphabet.count)] })
    }

    private static func uuid(_ generator: inout SeededGenerator) -> String {
        let id = generator.requestID()
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 36)
        defer { memory.deallocate() }
        var cursor = ByteCursor(memory)
        cursor.uuid(id.high, id.low)
        return String(decoding: UnsafeBufferPointer(start: memory, count: 36), as: UTF8.self)
    }

    private static let nouns = [
        "web-frontend", "mobile-gateway", "partner-api", "admin-console", "kiosk", "voice-assistant", "account",
        "address",
        "advertisement", "alert", "analytic", "audit", "basket", "billing", "booking", "brand", "campaign", "catalog",
        "category", "chat", "checkout", "comment", "coupon", "credit", "currency", "customer", "delivery", "discount",
        "document", "email", "fraud", "fulfilment", "image", "inventory", "invoice", "ledger", "location", "loyalty",
        "message", "notification", "offer", "order", "parcel", "payment", "permission", "preference", "price",
        "product",
        "profile", "quote", "recommendation", "refund", "report", "return", "review", "search", "session", "shipment",
        "subscription", "warehouse",
    ]
}
