/// Why a text of sampling strategies cannot be used.
public struct RemoteStrategiesError: Error, Equatable, Sendable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// From 1, in characters.
    public let column: Int
    /// The member that is wrong, as `service_strategies[0].param`; nil where the text is not JSON.
    public let path: String?
    public let reason: String

    public var description: String {
        "line \(line), column \(column): \(path.map { $0.isEmpty ? "" : $0 + ": " } ?? "")\(reason)"
    }
}

/// The strategies of a file in Jaeger's format, by service.
///
/// A service that lists no operations takes those of the default strategy, with its own probability for all others; one
/// that lists some takes those of the default strategy that it does not list. One that is rate-limited stays so, and
/// has operations beside. An operation cannot be rate-limited: it is passed over.
/// Source: https://www.jaegertracing.io/docs/latest/sampling/#file-based-sampling-configuration
public struct RemoteStrategies: Sendable {
    /// Of services that are not named.
    public let defaultStrategy: RemoteStrategy
    private let services: [String: RemoteStrategy]
    /// What is passed over, with its place.
    public let warnings: [String]

    /// What Jaeger has operations do of which a rate-limited service says nothing.
    static let unlistedProbability = 0.001

    /// - Parameters:
    ///   - json: UTF-8.
    ///   - fallback: probability of services that are not named, where the text has no default strategy.
    public init(json: [UInt8], fallback: Double) throws(RemoteStrategiesError) {
        let document: LocatedJSON
        do {
            document = try LocatedJSON(json)
        } catch {
            let (line, column) = LocatedJSON.position(of: error.offset, in: json)
            throw RemoteStrategiesError(line: line, column: column, path: nil, reason: error.reason)
        }
        var reader = StrategiesReader(text: json)
        let (byDefault, listed) = try reader.read(document)
        warnings = reader.warnings
        defaultStrategy = byDefault ?? RemoteStrategy(.probabilistic(fallback))
        let inherited = defaultStrategy.operations
        services = listed.mapValues { strategy in
            var strategy = strategy
            guard let inherited else { return strategy }
            guard var own = strategy.operations else {
                strategy.operations = inherited
                if let probability = strategy.probability { strategy.operations?.defaultProbability = probability }
                return strategy
            }
            let names = Set(own.operations.map(\.name))
            own.operations += inherited.operations.filter { !names.contains($0.name) }
            strategy.operations = own
            return strategy
        }
    }

    /// The strategy of a service that is named; nil for all others.
    public func strategy(named service: String) -> RemoteStrategy? { services[service] }

    public var serviceCount: Int { services.count }
}

/// Reads the members of a strategies text, and knows where they stand.
private struct StrategiesReader {
    let text: [UInt8]
    var warnings: [String] = []

    private typealias Members = [String: LocatedJSON]

    /// Warnings beyond are left out: a text may be a megabyte of them.
    private static let warningCountMax = 100

    init(text: [UInt8]) { self.text = text }

    mutating func read(
        _ document: LocatedJSON
    ) throws(RemoteStrategiesError) -> (byDefault: RemoteStrategy?, services: [String: RemoteStrategy]) {
        let members = try members(of: document, "", ["default_strategy", "service_strategies"])
        var byDefault: RemoteStrategy?
        if let value = members["default_strategy"], !value.isNull {
            byDefault = try strategy(value, "default_strategy", hasService: false).strategy
        }
        var services: [String: RemoteStrategy] = [:]
        for (path, value) in try items(members["service_strategies"], "service_strategies") {
            let (service, strategy) = try strategy(value, path, hasService: true)
            if services.updateValue(strategy, forKey: service) != nil {
                warn(value, path, "the service '\(service)' is named again; the last strategy counts")
            }
        }
        return (byDefault, services)
    }

    private mutating func strategy(
        _ value: LocatedJSON, _ path: String, hasService: Bool
    ) throws(RemoteStrategiesError) -> (service: String, strategy: RemoteStrategy) {
        let names = ["type", "param", "operation_strategies"] + (hasService ? ["service"] : [])
        let members = try members(of: value, path, names)
        let service = hasService ? try string(members, "service", of: value, path) : ""
        let rule = try rule(members, of: value, path)
        var strategy = RemoteStrategy(rule)
        let items = try items(members["operation_strategies"], path + ".operation_strategies")
        guard !items.isEmpty else { return (service, strategy) }
        var operations: [OperationStrategies.Operation] = []
        var places: [String: Int] = [:]
        for (path, value) in items {
            let members = try self.members(of: value, path, ["operation", "type", "param"])
            let name = try string(members, "operation", of: value, path)
            guard case .probabilistic(let probability) = try self.rule(members, of: value, path) else {
                warn(value, path, "an operation cannot be rate-limited; '\(name)' is passed over")
                continue
            }
            if let place = places[name] {
                warn(value, path, "the operation '\(name)' is listed again; the last strategy counts")
                operations[place].probability = probability
            } else {
                places[name] = operations.count
                operations.append(.init(name: name, probability: probability))
            }
        }
        let others = strategy.probability ?? RemoteStrategies.unlistedProbability
        strategy.operations = OperationStrategies(defaultProbability: others, operations: operations)
        return (service, strategy)
    }

    private mutating func rule(
        _ members: Members, of value: LocatedJSON, _ path: String
    ) throws(RemoteStrategiesError) -> RemoteStrategy.Rule {
        let type = try string(members, "type", of: value, path)
        guard ["probabilistic", "ratelimiting"].contains(type) else {
            throw error(members["type"] ?? value, path + ".type", "'probabilistic' or 'ratelimiting' is expected")
        }
        guard let place = members["param"] else { throw error(value, path, "'param' is missing") }
        let maximum = type == "probabilistic" ? 1 : Double(Int32.max)
        guard case .number(let param) = place.content, param >= 0, param <= maximum else {
            throw error(place, path + ".param", "a number from 0 to \(Int64(maximum)) is expected")
        }
        if type == "probabilistic" { return .probabilistic(param) }
        let whole = param.rounded(.up)
        if whole != param { warn(place, path + ".param", "only whole numbers can be told; \(Int64(whole)) counts") }
        return .rateLimiting(Int32(whole))
    }

    // MARK: Members

    /// The members of an object by their names. Others than `known` are warned of.
    private mutating func members(
        of value: LocatedJSON, _ path: String, _ known: [String]
    ) throws(RemoteStrategiesError) -> Members {
        guard case .object(let listed) = value.content else {
            throw error(value, path, "an object is expected, not \(value.kind)")
        }
        var members: Members = [:]
        for (name, member) in listed {
            let memberPath = path.isEmpty ? name : path + "." + name
            guard known.contains(name) else {
                warn(member, memberPath, "means nothing here")
                continue
            }
            guard members.updateValue(member, forKey: name) == nil else {
                throw error(member, memberPath, "is given twice")
            }
        }
        return members
    }

    private func items(
        _ value: LocatedJSON?, _ path: String
    ) throws(RemoteStrategiesError) -> [(path: String, value: LocatedJSON)] {
        guard let value, !value.isNull else { return [] }
        guard case .array(let items) = value.content else {
            throw error(value, path, "a list is expected, not \(value.kind)")
        }
        return items.enumerated().map { ("\(path)[\($0.offset)]", $0.element) }
    }

    private func string(
        _ members: Members, _ name: String, of value: LocatedJSON, _ path: String
    ) throws(RemoteStrategiesError) -> String {
        guard let member = members[name] else { throw error(value, path, "'\(name)' is missing") }
        guard case .string(let string) = member.content else {
            throw error(member, path + "." + name, "a text is expected, not \(member.kind)")
        }
        return string
    }

    // MARK: Places

    private func error(_ value: LocatedJSON, _ path: String, _ reason: String) -> RemoteStrategiesError {
        let (line, column) = LocatedJSON.position(of: value.offset, in: text)
        return RemoteStrategiesError(line: line, column: column, path: path, reason: reason)
    }

    private mutating func warn(_ value: LocatedJSON, _ path: String, _ reason: String) {
        guard warnings.count < Self.warningCountMax else { return }
        warnings.append(error(value, path, reason).description)
    }
}

extension LocatedJSON {
    fileprivate var isNull: Bool { if case .null = content { true } else { false } }
}
