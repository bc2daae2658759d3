import Foundation
import PeerTestSupport
import TestSupport
import Testing

@testable import Comparison

@Suite struct JudgedStatisticsTests {
    private static let table = "Tests/Fixtures/statistics/judged.json"

    private func read(_ data: Data) throws -> [JudgedQuestion] {
        try JSONDecoder().decode([JudgedQuestion].self, from: data)
    }

    private func judged(_ questions: [JudgedQuestion]) throws -> [JudgedQuestion] {
        let folder = try TemporaryFolder()
        let file = folder.path + "/questions.json"
        try JSONEncoder().encode(questions).write(to: URL(filePath: file))
        return try read(PeerEnvironment.current.run("judge_statistics.py", [file]))
    }

    private func isNear(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
        a == b || abs(a - b) <= tolerance * max(abs(a), abs(b)) + 1e-9
    }

    private func compare(_ questions: [JudgedQuestion]) {
        for question in questions {
            guard let own = question.ownAnswer() else {
                Issue.record("no answer to \(question)")
                continue
            }
            let isSame =
                own.count == question.answer.count && zip(own, question.answer).allSatisfy { isNear($0, $1, 1e-6) }
            #expect(isSame, "\(own) to \(question)")
        }
    }

    @Test func `statistics are those of the table that SciPy made`() throws {
        let questions = try read(Data(Repository.text(of: Self.table).utf8))
        #expect(questions.count > 100)
        compare(questions)
    }

    @Test(.peers(.current)) func `the table is what SciPy says now`() throws {
        let table = try read(Data(Repository.text(of: Self.table).utf8))
        for (before, now) in zip(table, try judged(table)) {
            #expect(zip(before.answer, now.answer).allSatisfy { isNear($0, $1, 1e-8) }, "\(now.answer) to \(before)")
        }
    }

    @Test(.peers(.current), arguments: [UInt64(41)]) func `statistics of any counts are SciPy's`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        compare(try judged((0..<300).map { _ in question(&generator) }))
    }

    private func question(_ generator: inout SeededGenerator) -> JudgedQuestion {
        let size = pow(10, Double.random(in: 0.5...4, using: &generator))
        let (total, baseTotal) = (Int(size), Int.random(in: 1...Int(size * 3), using: &generator))
        // Few failures more often than many.
        let most = pow(Double.random(in: 0...1, using: &generator), 3)
        let count = Int.random(in: 0...Int(Double(total) * most), using: &generator)
        let baseCount = Int.random(in: 0...Int(Double(baseTotal) * most), using: &generator)
        let confidence = [0.8, 0.9, 0.95, 0.99].randomElement(using: &generator) ?? 0.95
        let alternative = ["greater", "less", "different"].randomElement(using: &generator) ?? "less"
        let one = ["count": Double(count), "total": Double(total)]
        let two = one.merging(["base_count": Double(baseCount), "base_total": Double(baseTotal)]) { $1 }
        func counts() -> [Double] {
            [Double(total % 5 + 1)] + (0..<8).map { _ in Double(Int.random(in: 0...total % 50, using: &generator)) }
        }
        let lists = [
            "values": (0..<9).map { exp2(Double($0 - 3)) }, "counts": counts(), "base_counts": counts(),
        ]
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return JudgedQuestion("share_interval", one.merging(["confidence": confidence]) { $1 })
        case 1: return JudgedQuestion("share_difference", two.merging(["confidence": confidence]) { $1 })
        case 2: return JudgedQuestion("fisher", two, text: ["alternative": alternative])
        case 3: return JudgedQuestion("mann_whitney", lists: lists, text: ["alternative": alternative])
        case 4: return JudgedQuestion("smirnov", lists: lists)
        case 5: return JudgedQuestion("share_sequence", two.merging(["confidence": confidence]) { $1 })
        case 6:
            let part = Double.random(in: 0.01...0.999, using: &generator)
            return JudgedQuestion(
                "quantile_ranks", ["part": part, "total": Double(total), "confidence": confidence])
        default:
            return JudgedQuestion(
                "beta_quantile",
                ["part": most, "a": Double(count) + 0.5, "b": Double(total - count) + 0.5])
        }
    }
}
