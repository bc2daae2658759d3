internal import Bytes
internal import FoundationEssentials
public import OpenSearch
internal import WireFormats

/// A document that a cluster refused, and why.
public struct DeadLetter: Sendable, Equatable {
    /// When it was refused, in seconds since 1970.
    public var time: Double
    /// Of HTTP.
    public var status: Int
    /// What the cluster calls the reason; may be empty.
    public var type: String
    public var reason: String
    /// The line of a bulk request that says where the document goes.
    public var action: [UInt8]
    /// The document, in one line.
    public var source: [UInt8]

    public init(_ rejection: BulkReport.Rejection, time: Double) {
        self.time = time
        status = rejection.status
        type = rejection.type
        reason = rejection.reason
        action = rejection.action
        source = rejection.source
    }

    /// Where the document goes; nil if the action does not say.
    public var target: (index: String, id: String)? { Self.target(ofAction: action) }

    static func target(ofAction action: [UInt8]) -> (index: String, id: String)? {
        guard let named = try? JSONDecoder().decode(Action.self, from: Data(action)) else { return nil }
        return (named.index._index, named.index._id)
    }

    private struct Action: Decodable {
        struct Target: Decodable {
            let _index: String
            let _id: String
        }
        let index: Target
    }

    // MARK: Lines

    private struct Head: Decodable {
        let time: String
        let status: Int
        let type: String
        let reason: String
    }

    private static let actionKey = Array(",\"action\":".utf8)
    private static let sourceKey = Array(",\"source\":".utf8)

    /// As a line of a file, its end included.
    var line: [UInt8] {
        var writer = ByteWriter(capacity: action.count + source.count + 200)
        writer.write("{\"time\":")
        writer.writeJSONString(Date(timeIntervalSince1970: time).formatted(.iso8601))
        writer.write(Array(",\"status\":\(status),\"type\":".utf8))
        writer.writeJSONString(type)
        writer.write(",\"reason\":")
        writer.writeJSONString(reason)
        writer.write(Self.actionKey)
        writer.write(action)
        writer.write(Self.sourceKey)
        writer.write(source)
        writer.write("}\n")
        return writer.bytes
    }

    /// - Parameter line: without its end. Nil if it is no dead letter.
    init?(line: some BidirectionalCollection<UInt8>) {
        let line = Array(line)
        // What comes before cannot have these bytes: quotes within texts are escaped.
        guard line.last == UInt8(ascii: "}"), let actionPlace = Self.place(of: Self.actionKey, in: line, from: 0),
            let sourcePlace = Self.place(of: Self.sourceKey, in: line, from: actionPlace),
            let head = try? JSONDecoder().decode(Head.self, from: Data(line[..<actionPlace] + [UInt8(ascii: "}")])),
            let date = try? Date(head.time, strategy: .iso8601)
        else { return nil }
        time = date.timeIntervalSince1970
        status = head.status
        type = head.type
        reason = head.reason
        action = Array(line[(actionPlace + Self.actionKey.count)..<sourcePlace])
        source = Array(line[(sourcePlace + Self.sourceKey.count)..<(line.count - 1)])
        guard target != nil, source.first == UInt8(ascii: "{") else { return nil }
    }

    private static func place(of key: [UInt8], in line: [UInt8], from start: Int) -> Int? {
        var place = start
        while place + key.count <= line.count {
            if line[place] == key[0] && line[place..<(place + key.count)].elementsEqual(key) { return place }
            place += 1
        }
        return nil
    }
}
