import Bytes
import Catalog
import Sampling
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

@Suite struct DecisionMemoryTests {
    /// What the catalog has.
    private struct Rows {
        var rows: [DecisionChange.Row] = []

        mutating func take(from memory: DecisionMemory) throws {
            let change = try #require(memory.change)
            rows.removeAll { $0.id <= change.lastForgottenID }
            rows.append(change.row)
            memory.commit(change)
        }
    }

    private func decision(_ number: UInt64) -> TailDecision {
        let thresholds = [SamplingThreshold.all, .none, SamplingThreshold(rejected: number + 1)]
        return TailDecision(
            isKept: number % 3 == 0, threshold: thresholds[Int(number % 3)], policy: "policy \(number % 5)")
    }

    private func traceID(_ number: UInt64) -> TraceID { TraceID(high: ~number, low: number) }

    @Test func `what the catalog has is known again, each with its policy and threshold`() throws {
        let memory = DecisionMemory()
        var rows = Rows()
        for number in 0..<1000 as Range<UInt64> {
            memory.enter(decision(number), on: traceID(number))
            if number % 100 == 99 { try rows.take(from: memory) }
        }
        #expect(memory.change == nil)
        let again = DecisionMemory(rows.rows) { Issue.record($0) }
        #expect(again.change == nil)
        for number in 0..<1000 as Range<UInt64> { #expect(again[traceID(number)] == decision(number)) }
        #expect(again[traceID(1000)] == nil)
    }

    @Test func `a change that was not made is offered again, with what was decided since`() throws {
        let memory = DecisionMemory()
        memory.enter(decision(1), on: traceID(1))
        #expect(memory.change != nil)
        memory.enter(decision(2), on: traceID(2))
        var rows = Rows()
        try rows.take(from: memory)
        let again = DecisionMemory(rows.rows)
        #expect(again[traceID(1)] == decision(1))
        #expect(again[traceID(2)] == decision(2))
    }

    @Test func `the earliest decisions are forgotten, in memory and in the catalog`() throws {
        let memory = DecisionMemory()
        var rows = Rows()
        for number in 0..<450_000 as Range<UInt64> {
            memory.enter(decision(number), on: traceID(number))
            if number % 10_000 == 9_999 { try rows.take(from: memory) }
        }
        #expect(memory[traceID(0)] == nil)
        #expect((20...21).contains(rows.rows.count))
        let again = DecisionMemory(rows.rows)
        #expect(again[traceID(0)] == nil)
        for number in 350_000..<450_000 as Range<UInt64> {
            #expect(memory[traceID(number)] == decision(number))
            #expect(again[traceID(number)] == decision(number))
        }
    }

    @Test func `many rows of few traces are forgotten too`() throws {
        let memory = DecisionMemory()
        var rows = Rows()
        for number in 0..<1500 as Range<UInt64> {
            memory.enter(decision(number), on: traceID(number))
            try rows.take(from: memory)
        }
        #expect(rows.rows.count == 1000)
    }

    @Test func `a damaged row is reported, and takes nothing with it`() throws {
        let memory = DecisionMemory()
        var rows = Rows()
        for number in 0..<3 as Range<UInt64> {
            memory.enter(decision(number), on: traceID(number))
            try rows.take(from: memory)
        }
        for place in rows.rows[1].content.indices {
            var damaged = rows.rows
            damaged[1].content[place] ^= 0x10
            var errors: [any Error] = []
            let again = DecisionMemory(damaged) { errors.append($0) }
            #expect(errors.count == 1)
            #expect(again[traceID(0)] == decision(0))
            #expect(again[traceID(1)] == nil)
            #expect(again[traceID(2)] == decision(2))
        }
        for count in rows.rows[1].content.indices {
            var cut = rows.rows
            cut[1].content.removeSubrange(count...)
            var errors: [any Error] = []
            _ = DecisionMemory(cut) { errors.append($0) }
            #expect(errors.count == 1)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a row may be any bytes with a right checksum`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let memory = DecisionMemory()
        for number in 0..<20 as Range<UInt64> { memory.enter(decision(number), on: traceID(number)) }
        let row = try #require(memory.change).row
        for _ in 0..<500 {
            var content = row.content
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 8..<content.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: content[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: content[place] = [0, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
                case 2: content.insert(content[place], at: place)
                default: content.removeSubrange(place..<min(place + 9, content.count))
                }
                if content.count <= 8 { break }
            }
            let checksum = content.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[8...])) }
            withUnsafeBytes(of: checksum.littleEndian) { content.replaceSubrange(4..<8, with: $0) }
            var errors: [any Error] = []
            let again = DecisionMemory([DecisionChange.Row(id: 1, content: content)]) { errors.append($0) }
            #expect(errors.count <= 1)
            // What it took for decisions can be asked, and written again.
            again.enter(decision(1), on: traceID(1000))
            for number in 0..<20 as Range<UInt64> { _ = again[traceID(number)] }
            let next = try #require(again.change)
            #expect(DecisionMemory([next.row]) { Issue.record($0) }[traceID(1000)] == decision(1))
        }
    }
}
