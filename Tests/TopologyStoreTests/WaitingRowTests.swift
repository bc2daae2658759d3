import Bytes
import TestSupport
import Testing
import Topology
import TraceModel

@testable import TopologyStore

@Suite struct WaitingRowTests {
    private static let cutoff: Int64 = 1_790_000_000_000_000_000

    /// Records of some traces, ordinary and odd.
    private static func row(_ random: inout SeededGenerator, _ names: inout CallNames) -> WaitingRow {
        var row = WaitingRow()
        let traceCount = Int.random(in: 0...20, using: &random)
        for trace in 0..<traceCount {
            let low = trace == 0 ? 0 : random.next()
            let records = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                let site = CallSite(
                    serviceName: names.number(of: "service \(random.next() % 5)"),
                    operationName: names.number(of: ["", "/", "é"].randomElement(using: &random) ?? ""),
                    targetVersion: names.number(of: "v\(random.next() % 3)"),
                    traits: CallTraits(rawValue: UInt16(truncatingIfNeeded: random.next()) & CallTraits.mask))
                return CallRecord(
                    traceIDHigh: [0, .max, random.next()].randomElement(using: &random) ?? 0, traceIDLow: low,
                    spanID: random.next(), parentID: random.next(),
                    start: [SpanBatch.absentTime, .max, 0, cutoff].randomElement(using: &random) ?? 0,
                    duration: [SpanBatch.absentTime, .max, 0, 1_000_000].randomElement(using: &random) ?? 0,
                    site: names.number(of: site), address: UInt32(truncatingIfNeeded: random.next()))
            }
            let last = cutoff + Int64.random(in: 1...1_000_000_000, using: &random)
            row.added.append(
                CallGroup(
                    traceIDLow: low, firstArrival: last - Int64.random(in: 0...9, using: &random),
                    lastArrival: last, start: 0, count: 0), records[...])
        }
        row.settled = (0..<Int.random(in: 0...3, using: &random)).map { _ in random.next() }
        return row
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a row gives back what was written`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var names = CallNames()
        for _ in 0..<50 {
            let row = Self.row(&random, &names)
            let content = row.encode(cutoff: Self.cutoff, names)
            let read = try WaitingRow(content, cutoff: Self.cutoff, &names)
            #expect(read.added.groups == row.added.groups)
            #expect(read.added.records == row.added.records)
            #expect(read.settled == row.settled)
        }
    }

    @Test func `any flipped bit is detected, and any cut`() {
        var random = SeededGenerator(seed: 5)
        var names = CallNames()
        var row = Self.row(&random, &names)
        while row.added.groups.isEmpty { row = Self.row(&random, &names) }
        let content = row.encode(cutoff: Self.cutoff, names)
        for bit in 0..<content.count * 8 {
            var damaged = content
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: ByteReaderError.self) { try WaitingRow(damaged, cutoff: Self.cutoff, &names) }
        }
        for count in 0..<content.count {
            #expect(throws: ByteReaderError.self) {
                try WaitingRow(Array(content[..<count]), cutoff: Self.cutoff, &names)
            }
        }
    }

    @Test(arguments: [6, 7] as [UInt64])
    func `what is wrong behind a right checksum never traps`(seed: UInt64) {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var names = CallNames()
        for _ in 0..<2000 {
            var content = Self.row(&random, &names).encode(cutoff: Self.cutoff, names)
            for _ in 0...Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 8..<content.count, using: &random)
                content[place] = UInt8(truncatingIfNeeded: random.next())
            }
            let checksum = CRC32C.checksum(Array(content[8...]))
            for byte in 0..<4 { content[4 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(byte))) }
            let cutoff = [Self.cutoff, .max, .min].randomElement(using: &random) ?? 0
            guard let row = try? WaitingRow(content, cutoff: cutoff, &names) else { continue }
            let waiting = WaitingCalls()
            let next = waiting.next(keeping: waiting.wholes(with: row.added), of: row.added).waiting
            #expect(next.count == row.added.records.count)
        }
    }
}
