/// One instance of a mesh service with its sidecar.
struct MeshPod {
    let service: MeshService
    let version: String
    let nodeID: TextArena.Text
    let address: TextArena.Text
    let addressAndPort: TextArena.Text
    let addressBytes: TextArena.Text
}

enum MeshService: Int, CaseIterable {
    case gateway, productpage, details, reviews, ratings

    var app: String {
        switch self {
        case .gateway: "istio-ingressgateway"
        case .productpage: "productpage"
        case .details: "details"
        case .reviews: "reviews"
        case .ratings: "ratings"
        }
    }

    var namespace: String { self == .gateway ? "istio-system" : "default" }
    var serviceName: String { app + "." + namespace }
    var host: String { "\(app).\(namespace).svc.cluster.local" }
}

/// The pods, users and paths of the mesh.
struct MeshCatalog {
    let arena: TextArena
    private(set) var pods: [MeshPod] = []
    /// The pods of each group, as a range of `pods`.
    private(set) var groups: [Range<Int>] = []
    let userAgents: [TextArena.Text]
    let clientAddresses: [TextArena.Text]

    static let productCount = 1_200
    static let proxyVersion = "9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL"
    static let groupGateway = 0
    static let groupProductpage = 1
    static let groupDetails = 2
    /// Group of reviews v1; v2 and v3 follow.
    static let groupReviews = 3
    static let groupRatings = 6

    init(arena: TextArena) {
        self.arena = arena
        userAgents = Self.userAgentTexts.map { arena.add(JSONPieces.escaped($0)) }
        clientAddresses = (0..<12).map { arena.add("10.128.0.\(11 + $0)") }
        add(.gateway, "latest", "6c8f7d9b5c", ["x7k2p", "q9w4d"])
        add(.productpage, "v1", "6d8b9c7f4d", ["lq5zt", "8sjx2", "p4n7c"])
        add(.details, "v1", "79dfbd6fff", ["w9hjs", "kv6tr"])
        add(.reviews, "v1", "84c8d4bfc7", ["m2vnd", "zt8fw"])
        add(.reviews, "v2", "5bd8f47c9d", ["b8fkw", "h5xqm"])
        add(.reviews, "v3", "7d99cc56b4", ["c6lzp", "n9d2v"])
        add(.ratings, "v1", "85c74b6cb4", ["h6gpn", "r2jt8", "x4m5k"])
    }

    private mutating func add(_ service: MeshService, _ version: String, _ set: String, _ suffixes: [String]) {
        let first = pods.count
        for suffix in suffixes {
            let address = "10.244.\(1 + pods.count % 3).\(20 + pods.count * 7)"
            let (app, space) = (service.app, service.namespace)
            let name = service == .gateway ? "\(app)-\(set)-\(suffix)" : "\(app)-\(version)-\(set)-\(suffix)"
            let role = service == .gateway ? "router" : "sidecar"
            pods.append(
                MeshPod(
                    service: service, version: version,
                    nodeID: arena.add("\(role)~\(address)~\(name).\(space)~\(space).svc.cluster.local"),
                    address: arena.add(address), addressAndPort: arena.add(address + ":9080"),
                    addressBytes: arena.add(ipv4: address)))
        }
        groups.append(first..<pods.count)
    }

    private static let userAgentTexts = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:130.0) Gecko/20100101 Firefox/130.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15",
        "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 Mobile",
        "BookinfoApp/4.12.1 (iOS 17.6.1; iPhone15,2)",
        "BookinfoApp/4.12.0 (Android 14; Pixel 8)",
        "okhttp/4.12.0",
        "curl/8.5.0",
        "python-requests/2.32.3",
        "Go-http-client/2.0",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ]
}

/// The kinds of spans of the mesh, each with its service and side.
enum MeshSpanType: Int, CaseIterable {
    case gatewayServer, gatewayClient, pageServer, detailsClient, detailsServer
    case reviewsClientV1, reviewsClientV2, reviewsClientV3
    case reviewsServerV1, reviewsServerV2, reviewsServerV3
    case ratingsClientV2, ratingsClientV3, ratingsClientPage
    case ratingsServer

    /// The service that reports the span.
    var service: MeshService {
        switch self {
        case .gatewayServer, .gatewayClient: .gateway
        case .pageServer, .detailsClient, .reviewsClientV1, .reviewsClientV2, .reviewsClientV3, .ratingsClientPage:
            .productpage
        case .detailsServer: .details
        case .reviewsServerV1, .reviewsServerV2, .reviewsServerV3, .ratingsClientV2, .ratingsClientV3: .reviews
        case .ratingsServer: .ratings
        }
    }

    /// The service called.
    var target: MeshService {
        switch self {
        case .gatewayServer, .gatewayClient, .pageServer: .productpage
        case .detailsClient, .detailsServer: .details
        case .ratingsClientV2, .ratingsClientV3, .ratingsClientPage, .ratingsServer: .ratings
        default: .reviews
        }
    }

    var isClient: Bool {
        switch self {
        case .gatewayServer, .pageServer, .detailsServer, .ratingsServer, .reviewsServerV1, .reviewsServerV2,
            .reviewsServerV3:
            false
        default: true
        }
    }

    /// The version of the reporting workload.
    var revision: String {
        switch self {
        case .gatewayServer, .gatewayClient: "latest"
        case .reviewsServerV2, .ratingsClientV2: "v2"
        case .reviewsServerV3, .ratingsClientV3: "v3"
        default: "v1"
        }
    }

    /// The subset of the called service that a route with several destinations names.
    var subset: String {
        switch self {
        case .reviewsClientV1: "v1"
        case .reviewsClientV2: "v2"
        case .reviewsClientV3: "v3"
        default: ""
        }
    }

    var operation: String {
        switch self {
        case .gatewayServer, .pageServer: "productpage.default.svc.cluster.local:9080/productpage"
        case .gatewayClient: "router outbound|9080||productpage.default.svc.cluster.local egress"
        default: target == .reviews ? "reviews:9080/*" : target.host + ":9080/*"
        }
    }

    var cluster: String {
        !isClient && self != .gatewayServer ? "inbound|9080||" : "outbound|9080|\(subset)|\(target.host)"
    }
}
