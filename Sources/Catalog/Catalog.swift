internal import GRDB

public struct CatalogError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable { case unsupportedFormat, failed }
    public let code: Code
    public let message: String
    public var description: String { message }
}

public struct SegmentRecord: Sendable, Equatable {
    public var id: Int64
    public var fileName: String
    public var createdAt: Int64
    public var earliestStart: Int64?
    public var latestStart: Int64?
    public var latestEnd: Int64?
    public var spanCount: Int
    public var traceCount: Int
    public var errorCount: Int
    public var byteCount: Int
    public var formatVersion: Int
    public init(id: Int64, fileName: String, createdAt: Int64, earliestStart: Int64?, latestStart: Int64?, latestEnd: Int64?, spanCount: Int, traceCount: Int, errorCount: Int, byteCount: Int, formatVersion: Int) {
        self.id = id; self.fileName = fileName; self.createdAt = createdAt; self.earliestStart = earliestStart; self.latestStart = latestStart; self.latestEnd = latestEnd; self.spanCount = spanCount; self.traceCount = traceCount; self.errorCount = errorCount; self.byteCount = byteCount; self.formatVersion = formatVersion
    }
}

public struct ServiceSummary: Sendable {
    public var name: String
    public var spanCount: Int
    public var errorCount: Int
    public var earliestStart: Int64?
    public var latestStart: Int64?
    public var operations: [(name: String, kind: UInt8)]
    public var remoteServiceNames: [String]
    public init(name: String, spanCount: Int, errorCount: Int, earliestStart: Int64?, latestStart: Int64?, operations: [(name: String, kind: UInt8)], remoteServiceNames: [String]) {
        self.name = name; self.spanCount = spanCount; self.errorCount = errorCount; self.earliestStart = earliestStart; self.latestStart = latestStart; self.operations = operations; self.remoteServiceNames = remoteServiceNames
    }
}

public struct SegmentSummary: Sendable {
    public var record: SegmentRecord
    public var services: [ServiceSummary]
    public var attributeKeys: [String]
    public init(record: SegmentRecord, services: [ServiceSummary], attributeKeys: [String]) { self.record = record; self.services = services; self.attributeKeys = attributeKeys }
}

public struct SegmentCandidate: Sendable {
    public var segmentID: Int64
}

public final class Catalog: Sendable {
    private let pool: DatabasePool
    public init(path: String) throws(CatalogError) {
        do {
            pool = try DatabasePool(path: path)
            try pool.write { db in
                try db.execute(sql: """
                create table if not exists segments(id integer primary key, file_name text, created_at integer, es integer, ls integer, le integer, spans integer, traces integer, errors integer, bytes integer, version integer);
                create table if not exists services(id integer primary key, name text unique);
                create table if not exists segment_services(service_id integer, segment_id integer, primary key(service_id, segment_id)) without rowid;
                create table if not exists operations(service_id integer, name text, kind integer, primary key(service_id,name,kind)) without rowid;
                create table if not exists remotes(service_id integer, name text, primary key(service_id,name)) without rowid;
                create table if not exists state(key text primary key, value integer);
                """)
            }
        } catch { throw CatalogError(code: .failed, message: "\(error)") }
    }
    private func run<T>(_ body: () throws -> T) throws(CatalogError) -> T {
        do { return try body() } catch { throw CatalogError(code: .failed, message: "\(error)") }
    }
    public func allocateSegmentID() throws(CatalogError) -> Int64 {
        try run { try pool.write { db in
            try db.execute(sql: "insert into state values('next',1) on conflict(key) do update set value=value+1")
            return try Int64.fetchOne(db, sql: "select value from state where key='next'") ?? 1
        } }
    }
    public func add(_ s: SegmentSummary, replacing: [Int64] = [], firstJournalPart: UInt64?) throws(CatalogError) {
        try run { try pool.write { db in
            let r = s.record
            try db.execute(sql: "insert into segments values(?,?,?,?,?,?,?,?,?,?,?)", arguments: [r.id, r.fileName, r.createdAt, r.earliestStart, r.latestStart, r.latestEnd, r.spanCount, r.traceCount, r.errorCount, r.byteCount, r.formatVersion])
            for v in s.services {
                try db.execute(sql: "insert or ignore into services(name) values(?)", arguments: [v.name])
                let id = try Int64.fetchOne(db, sql: "select id from services where name=?", arguments: [v.name])
                try db.execute(sql: "insert into segment_services values(?,?)", arguments: [id, r.id])
                for o in v.operations { try db.execute(sql: "insert or ignore into operations values(?,?,?)", arguments: [id, o.name, Int(o.kind)]) }
                for o in v.remoteServiceNames { try db.execute(sql: "insert or ignore into remotes values(?,?)", arguments: [id, o]) }
            }
            if let p = firstJournalPart { try db.execute(sql: "insert into state values('part',?) on conflict(key) do update set value=excluded.value", arguments: [Int64(p)]) }
        } }
    }
    public func remove(segmentIDs: [Int64]) throws(CatalogError) {
        try run { try pool.write { db in for i in segmentIDs { try db.execute(sql: "delete from segments where id=?", arguments: [i]); try db.execute(sql: "delete from segment_services where segment_id=?", arguments: [i]) } } }
    }
    public func segments() throws(CatalogError) -> [SegmentRecord] {
        try run { try pool.read { db in try Row.fetchAll(db, sql: "select * from segments order by id").map { r in SegmentRecord(id: r[0], fileName: r[1], createdAt: r[2], earliestStart: r[3], latestStart: r[4], latestEnd: r[5], spanCount: r[6], traceCount: r[7], errorCount: r[8], byteCount: r[9], formatVersion: r[10]) } } }
    }
    public func segmentIDs(startingWithin w: ClosedRange<Int64>, serviceName: String?) throws(CatalogError) -> [SegmentCandidate] {
        try run { try pool.read { db in
            if let n = serviceName { return try Int64.fetchAll(db, sql: "select s.id from segments s join segment_services x on x.segment_id=s.id join services v on v.id=x.service_id where v.name=? and s.es<=? and s.ls>=?", arguments: [n, w.upperBound, w.lowerBound]).map(SegmentCandidate.init) }
            return try Int64.fetchAll(db, sql: "select id from segments where es<=? and ls>=?", arguments: [w.upperBound, w.lowerBound]).map(SegmentCandidate.init)
        } }
    }
    public func serviceNames() throws(CatalogError) -> [String] { try run { try pool.read { try String.fetchAll($0, sql: "select name from services where name<>'' order by name") } } }
    public func operations(ofService s: String) throws(CatalogError) -> [(name: String, kind: UInt8)] {
        try run { try pool.read { try Row.fetchAll($0, sql: "select o.name,o.kind from operations o join services v on v.id=o.service_id where v.name=?", arguments: [s]).map { (name: $0[0], kind: UInt8($0[1] as Int)) } } }
    }
    public func remoteServiceNames(ofService s: String) throws(CatalogError) -> [String] {
        try run { try pool.read { try String.fetchAll($0, sql: "select o.name from remotes o join services v on v.id=o.service_id where v.name=?", arguments: [s]) } }
    }
    public var firstJournalPart: UInt64 { get throws(CatalogError) { try run { try pool.read { UInt64(try Int64.fetchOne($0, sql: "select value from state where key='part'") ?? 0) } } } }
    public func close() { try? pool.close() }
}
