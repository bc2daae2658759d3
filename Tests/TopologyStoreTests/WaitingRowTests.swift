import Bytes
import TestSupport
import Testing
import Topology
import TraceModel

@testable import TopologyStore

@Suite struct WaitingRowTests {
    private static let cutoff: Int64 = 1_790_000_000_000_000_000

    /// What waits of one trace.
    private struct Piece: Equatable {
        var group: CallGroup
        var records: [CallRecord]
    }

    /// Records of some traces, ordinary and odd.
    private static func pieces(_ random: inout SeededGenerator, _ names: inout CallNames) -> [Piece] {
        (0..<Int.random(in: 0...20, using: &random)).map { trace in
            let low = trace == 0 ? 0 : random.next()
            var records: [CallRecord] = []
            for _ in 0..<Int.random(in: 1...(trace == 1 ? 60 : 9), using: &random) {
                let site = CallSite(
                    serviceName: names.number(of: "service \(random.next() % 5)"),
                    operationName: names.number(of: ["", "/", "é"].randomElement(using: &random) ?? ""),
                    targetVersion: names.number(of: "v\(random.next() % 3)"),
                    traits: CallTraits(rawValue: UInt16(truncatingIfNeeded: random.next()) & CallTraits.mask))
                let isCoarse = trace % 3 == 0
                let other = records.randomElement(using: &random)?.spanID ?? 0
                records.append(
                    CallRecord(
                        traceIDHigh: [0, .max, random.next()].randomElement(using: &random) ?? 0, traceIDLow: low,
                        spanID: random.next(), parentID: [0, other, random.next()].randomElement(using: &random) ?? 0,
                        start: isCoarse
                            ? 1000 * Int64.random(in: -9...9, using: &random)
                            : [SpanBatch.absentTime, .max, 0, cutoff].randomElement(using: &random) ?? 0,
                        duration: isCoarse
                            ? 1000 * Int64.random(in: -9...9, using: &random)
                            : [SpanBatch.absentTime, .max, 0, 1_000_001].randomElement(using: &random) ?? 0,
                        site: names.number(of: site),
                        address: Bool.random(using: &random) ? 0 : UInt32(truncatingIfNeeded: random.next())))
            }
            // Children before their parents too.
            records.shuffle(using: &random)
            let last = cutoff + Int64.random(in: 1...1_000_000_000, using: &random)
            return Piece(
                group: CallGroup(
                    traceIDLow: low, firstArrival: last - Int64.random(in: 0...9, using: &random),
                    lastArrival: last, start: 0, count: UInt32(records.count)), records: records)
        }
    }

    private static func row(
        _ pieces: [Piece], settled: [UInt64] = [], _ names: CallNames
    ) -> WaitingRow {
        var writer = WaitingRowWriter(cutoff: cutoff, names)
        for piece in pieces {
            _ = piece.records.withUnsafeBufferPointer {
                writer.add(
                    traceIDLow: piece.group.traceIDLow, firstArrival: piece.group.firstArrival,
                    lastArrival: piece.group.lastArrival, $0)
            }
        }
        return writer.finish(settled: settled)
    }

    private static func pieces(of row: WaitingRow) -> [Piece] {
        row.groups.map { group in
            var piece = Piece(group: group, records: [])
            piece.group.start = 0
            row.append(group, to: &piece.records)
            return piece
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a row gives back what was written`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var names = CallNames()
        for _ in 0..<50 {
            let pieces = Self.pieces(&random, &names)
            let settled = (0..<Int.random(in: 0...3, using: &random)).map { _ in random.next() }
            let row = Self.row(pieces, settled: settled, names)
            #expect(Self.pieces(of: row) == pieces)
            let read = try WaitingRow(row.chunk.content, cutoff: Self.cutoff, &names)
            #expect(Self.pieces(of: read) == pieces)
            #expect(read.settled == settled)
            #expect(read.chunk.recordCount == pieces.reduce(0) { $0 + $1.records.count })
        }
    }

    @Test func `any flipped bit is detected, and any cut`() {
        var random = SeededGenerator(seed: 5)
        var names = CallNames()
        var pieces = Self.pieces(&random, &names)
        while pieces.isEmpty { pieces = Self.pieces(&random, &names) }
        let content = Self.row(pieces, settled: [1], names).chunk.content
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
            var content = Self.row(Self.pieces(&random, &names), names).chunk.content
            for _ in 0...Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 8..<content.count, using: &random)
                content[place] = UInt8(truncatingIfNeeded: random.next())
            }
            let checksum = CRC32C.checksum(Array(content[8...]))
            for byte in 0..<4 { content[4 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(byte))) }
            let cutoff = [Self.cutoff, .max, .min].randomElement(using: &random) ?? 0
            guard let row = try? WaitingRow(content, cutoff: cutoff, &names) else { continue }
            let waiting = WaitingCalls()
            let next = waiting.next(keeping: waiting.wholes(with: row.groups), adding: row, names)
            #expect(next.count == row.chunk.recordCount)
            var records: [CallRecord] = []
            for trace in next.traces { next.append(trace, to: &records) }
            #expect(records.count == next.count)
        }
    }

    @Test(arguments: [8, 9] as [UInt64])
    func `what waits on is the same, however many others are settled`(seed: UInt64) {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var names = CallNames()
        var waiting = WaitingCalls()
        var expected: [UInt64: [CallRecord]] = [:]
        for _ in 0..<60 {
            var pieces = Self.pieces(&random, &names)
            for place in pieces.indices where Int.random(in: 0..<4, using: &random) == 0 {
                guard let known = expected.keys.randomElement(using: &random),
                    !pieces.contains(where: { $0.group.traceIDLow == known })
                else { continue }
                pieces[place].group.traceIDLow = known
                for record in pieces[place].records.indices { pieces[place].records[record].traceIDLow = known }
            }
            let row = Self.row(pieces, names)
            for piece in pieces { expected[piece.group.traceIDLow, default: []] += piece.records }
            var wholes = waiting.wholes(with: row.groups)
            for place in wholes.indices where Int.random(in: 0..<3, using: &random) == 0 {
                wholes[place].isSettled = true
                expected[waiting.traceIDLow(wholes[place], row.groups)] = nil
            }
            waiting = waiting.next(keeping: wholes, adding: row, names)
            if Int.random(in: 0..<10, using: &random) == 0 {
                waiting = waiting.inOneRow(cutoff: Self.cutoff, names).waiting
            }
            #expect(waiting.traces.count == expected.count)
            #expect(waiting.count == expected.values.reduce(0) { $0 + $1.count })
            for trace in waiting.traces {
                var records: [CallRecord] = []
                waiting.append(trace, to: &records)
                #expect(Set(records) == Set(expected[trace.traceIDLow] ?? []))
                #expect(records.count == expected[trace.traceIDLow]?.count)
            }
        }
    }
}
