import FoundationEssentials

/// What goes wrong, and how often. Rates are from 0, never, to 1, always; what is left out is off.
struct FaultPlan: Decodable, Sendable {
    /// Chance begins with it. A plan without one goes on with the chance that was.
    var seed: UInt64?

    // Of a request: at most one of these befalls it.

    /// 429, for the cluster is busy.
    var tooManyRequests = 0.0
    /// Told with each 429; nil: not told.
    var retryAfterSeconds: Int?
    /// 503.
    var unavailable = 0.0
    /// The connection is reset, and the cluster knows nothing of the request.
    var resetUnasked = 0.0
    /// The connection is reset once the cluster has done what was asked; nothing of its answer is passed on.
    var resetAnswered = 0.0
    /// The connection is reset in the middle of the answer.
    var resetWithin = 0.0
    /// The connection is closed in good order in the middle of the answer.
    var cutAnswer = 0.0

    // Of a request, before all these.

    /// A request of more bytes is answered 413.
    var bodyByteCountMax: Int?
    /// Every request is answered 401.
    var unauthorized = false
    /// A request without this `Authorization` is answered 401.
    var authorization: String?
    /// How often there is a wait.
    var delayed = 0.0
    var delayMilliseconds = 0

    // Of one operation of a bulk request, which the cluster does not get then.

    var itemTooManyRequests = 0.0
    var itemUnavailable = 0.0
    /// A document that holds this text is answered 400, as one that does not fit the mapping.
    var mappingErrorText: String?

    private enum Key: String, CodingKey {
        case seed, tooManyRequests, retryAfterSeconds, unavailable, resetUnasked, resetAnswered, resetWithin, cutAnswer
        case bodyByteCountMax, unauthorized, authorization, delayed, delayMilliseconds
        case itemTooManyRequests, itemUnavailable, mappingErrorText
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        func rate(_ key: Key) throws -> Double { try fields.decodeIfPresent(Double.self, forKey: key) ?? 0 }
        seed = try fields.decodeIfPresent(UInt64.self, forKey: .seed)
        tooManyRequests = try rate(.tooManyRequests)
        retryAfterSeconds = try fields.decodeIfPresent(Int.self, forKey: .retryAfterSeconds)
        unavailable = try rate(.unavailable)
        resetUnasked = try rate(.resetUnasked)
        resetAnswered = try rate(.resetAnswered)
        resetWithin = try rate(.resetWithin)
        cutAnswer = try rate(.cutAnswer)
        bodyByteCountMax = try fields.decodeIfPresent(Int.self, forKey: .bodyByteCountMax)
        unauthorized = try fields.decodeIfPresent(Bool.self, forKey: .unauthorized) ?? false
        authorization = try fields.decodeIfPresent(String.self, forKey: .authorization)
        delayed = try rate(.delayed)
        delayMilliseconds = try fields.decodeIfPresent(Int.self, forKey: .delayMilliseconds) ?? 0
        itemTooManyRequests = try rate(.itemTooManyRequests)
        itemUnavailable = try rate(.itemUnavailable)
        mappingErrorText = try fields.decodeIfPresent(String.self, forKey: .mappingErrorText)
    }

    var hasItemFaults: Bool { itemTooManyRequests > 0 || itemUnavailable > 0 || mappingErrorText != nil }
}

/// What can befall one request as a whole.
enum RequestFault: String, CaseIterable {
    case tooManyRequests, unavailable, resetUnasked, resetAnswered, resetWithin, cutAnswer
    case tooLarge, unauthorized
}

/// What can befall one operation of a bulk request.
enum ItemFault: String, CaseIterable {
    case mappingError, itemTooManyRequests, itemUnavailable

    var status: Int {
        switch self {
        case .mappingError: 400
        case .itemTooManyRequests: 429
        case .itemUnavailable: 503
        }
    }

    /// As OpenSearch words it, the `error` of the operation's answer.
    func error(id: String) -> String {
        switch self {
        case .mappingError:
            #"{"type":"mapper_parsing_exception","reason":"failed to parse field [injected] of type [long] in "#
                + #"document with id '\#(id)'","caused_by":{"type":"illegal_argument_exception","reason":"injected"}}"#
        case .itemTooManyRequests:
            #"{"type":"rejected_execution_exception","reason":"rejected execution of coordinating operation"}"#
        case .itemUnavailable:
            #"{"type":"unavailable_shards_exception","reason":"primary shard is not active"}"#
        }
    }
}
