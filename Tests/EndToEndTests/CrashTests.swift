import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// Accepted means kept, however the program ends.
    @Suite struct CrashTests {
        @Test func `nothing accepted is lost to kills at random moments`() throws {
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            // Folders stay small: a life is to be spent on crashes, not on opening what all before it left.
            for _ in 0..<(EndToEndTests.isTorture ? 40 : 1) { try liveAndDie(times: 25, &generator) }
        }

        /// Kills one program after the other on one folder; at the end all that any of them accepted has to be there.
        private func liveAndDie(times: Int, _ generator: inout SeededGenerator) throws {
            let process = SkeinProcess(data: try TemporaryFolder(), options: SkeinProcess.frequentSealing)
            let epoch = TimeWindow.nowMicroseconds - 60_000_000
            var lives: [(sender: LoadSender, ledger: Ledger)] = []
            for life in 0..<times {
                if life % 5 == 4 {
                    try process.launch()  // and kill it while it mends what the last kill left
                    usleep(UInt32.random(in: 0...100_000, using: &generator))
                    process.kill()
                }
                try process.start()
                if let last = lives.last {
                    // A look at each life at once tells which kill did the harm.
                    let client = try SkeinClient(process)
                    for trace in last.ledger.accepted.keys.prefix(20) {
                        let mistakes = try last.sender.mistakes(in: trace, ledger: last.ledger, client: client)
                        try #require(mistakes.isEmpty, "after life \(life - 1)")
                    }
                }
                let sender = LoadSender(service: "crash-\(life)", epochMicroseconds: epoch)
                let threads = sender.start(on: try process.port("zipkin"), generator: &generator)
                usleep(UInt32.random(in: 5_000...250_000, using: &generator))
                process.kill()
                lives.append((sender, merged(threads)))
            }

            try process.start()
            let client = try SkeinClient(process)
            for life in lives {
                try expectNoMistakes(in: life.ledger, of: life.sender, client: client)
            }
            #expect(lives.contains { !$0.ledger.accepted.isEmpty }, "nothing was accepted at all")
            try process.terminate()
        }

        @Test func `SIGTERM under load ends in good order and loses nothing accepted`() throws {
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            let process = SkeinProcess(data: try TemporaryFolder(), options: SkeinProcess.frequentSealing)
            let epoch = TimeWindow.nowMicroseconds - 60_000_000
            var lives: [(sender: LoadSender, ledger: Ledger)] = []
            for life in 0..<(EndToEndTests.isTorture ? 100 : 4) {
                try process.start()
                let sender = LoadSender(service: "shutdown-\(life)", epochMicroseconds: epoch)
                let threads = sender.start(on: try process.port("zipkin"), generator: &generator)
                try sender.waitUntilAccepted()
                usleep(UInt32.random(in: 100_000...600_000, using: &generator))
                try process.terminate()  // within ten seconds, with exit code 0
                lives.append((sender, merged(threads)))
            }
            try process.start()
            let client = try SkeinClient(process)
            for life in lives {
                try expectNoMistakes(in: life.ledger, of: life.sender, client: client)
                #expect(!life.ledger.accepted.isEmpty, "\(life.sender.service)")
            }
            try process.terminate()
        }

        private func expectNoMistakes(in ledger: Ledger, of sender: LoadSender, client: SkeinClient) throws {
            let mistakes = try sender.mistakes(in: ledger, client: client)
            #expect(mistakes.isEmpty, "\(sender.service): \(mistakes.count), first \(mistakes.prefix(3))")
        }

        private func merged(_ threads: [BackgroundThread<Ledger>]) -> Ledger {
            threads.reduce(into: Ledger()) { $0.merge($1.join()) }
        }
    }
}
