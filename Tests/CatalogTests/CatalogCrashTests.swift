import Catalog
import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A process of its own changes a catalog until it is killed; it notes each change before and after it.
@Suite struct CatalogCrashTests {
    @Test func `a catalog survives SIGKILL at any moment with every change that returned`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        let path = folder.path + "/catalog.db"
        let rounds = getenv("SKEIN_TORTURE") == nil ? 8 : 200
        for round in 0..<rounds {
            let child = Child(
                path: path, seed: generator.next(), microseconds: UInt32.random(in: 0...120_000, using: &generator))
            await #expect(processExitsWith: .signal(SIGKILL)) { [child = child as Child] in
                child.run()
            }
            try checkAfterCrash(folder, round: round)
        }
    }

    private func checkAfterCrash(_ folder: TemporaryFolder, round: Int) throws {
        let catalog = try Catalog(path: folder.path + "/catalog.db")
        defer { catalog.close() }
        #expect(try catalog.checkIntegrity() == [])
        let journal = (try? String(contentsOfFile: folder.path + "/catalog.db.notes", encoding: .utf8)) ?? ""
        var model = Notes()
        for line in journal.split(separator: "\n") { model.take(line) }
        let found = Set(try catalog.segments().map(\.id))
        let part = try catalog.firstJournalPart
        #expect(
            (found == model.segments && part == model.part)
                || (found == model.pendingSegments && part == model.pendingPart),
            "round \(round)")
        // Each segment brought one service of its own: a half of a change would show.
        #expect(Set(try catalog.serviceNames()) == Set(found.map { "service-\($0)" }))
        #expect(try catalog.allocateSegmentID() > (found.max() ?? 0))
        // The next round begins from what was found.
        let state = "is \(found.sorted().map(String.init).joined(separator: ",")) \(part)\n"
        try state.write(toFile: folder.path + "/catalog.db.notes", atomically: true, encoding: .utf8)
    }
}

/// The changes that a process noted, as sets of segments and the first journal part.
private struct Notes {
    var segments: Set<Int64> = []
    var part: UInt64 = 0
    /// What it is if the change begun last was made.
    var pendingSegments: Set<Int64> = []
    var pendingPart: UInt64 = 0

    /// A line is `is|begin IDs PART` for a state, or `done`. One that was cut short by the kill is passed over.
    mutating func take(_ line: Substring) {
        if line == "done" {
            segments = pendingSegments
            part = pendingPart
            return
        }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, let number = UInt64(words[2]) else { return }
        pendingSegments = Set(words[1].split(separator: ",").compactMap { Int64($0) })
        pendingPart = number
        if words[0] == "is" {
            segments = pendingSegments
            part = pendingPart
        }
    }
}

/// What the process does, as it is handed over to it.
private struct Child: Codable, Sendable {
    let path: String
    let seed: UInt64
    let microseconds: UInt32

    func run() {
        let delay = microseconds
        BackgroundThread.detach {
            usleep(delay)
            kill(getpid(), SIGKILL)
        }
        do {
            try change()
        } catch {
            print("the child failed: \(error)")
            exit(1)
        }
    }

    /// Adds, replaces and removes without end.
    private func change() throws {
        var generator = SeededGenerator(seed: seed)
        let catalog = try Catalog(path: path)
        let notes = open(path + ".notes", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var segments = Set(try catalog.segments().map(\.id))
        var part = try catalog.firstJournalPart
        while true {
            let victims = segments.sorted().filter { _ in Int.random(in: 0..<5, using: &generator) == 0 }
            if segments.count > 20 || Int.random(in: 0..<4, using: &generator) == 0 {
                segments.subtract(victims)
                note("begin \(segments.sorted().map(String.init).joined(separator: ",")) \(part)\n", notes)
                try catalog.remove(segmentIDs: victims)
            } else {
                let id = try catalog.allocateSegmentID()
                part += 1
                let replaced = Bool.random(using: &generator) ? victims : []
                segments.subtract(replaced)
                segments.insert(id)
                let summary = SegmentSummary.sample(
                    id, services: [.sample("service-\(id)", operations: (0..<50).map { "operation \($0)" })],
                    keys: ["common", "key-\(id)"])
                note("begin \(segments.sorted().map(String.init).joined(separator: ",")) \(part)\n", notes)
                try catalog.add(summary, replacing: replaced, firstJournalPart: part)
            }
            note("done\n", notes)
        }
    }

    private func note(_ line: String, _ file: Int32) {
        _ = line.withCString { write(file, $0, strlen($0)) }
    }
}
