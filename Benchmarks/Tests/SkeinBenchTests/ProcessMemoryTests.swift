import Foundation
import Testing

@testable import skein_bench

@Suite struct ProcessMemoryTests {
    @Test func `the peak is at least what there is now, also after it was set back`() throws {
        for _ in 0..<2 {
            let memory = try ProcessMemory.read(getpid())
            #expect(memory.now > 1 && memory.peak >= memory.now * 0.95)
            try ProcessMemory.resetPeak(getpid())
        }
    }

    @Test func `a process that is gone is an error`() {
        #expect(throws: BenchError.self) { try ProcessMemory.read(0) }
        #expect(throws: BenchError.self) { try ProcessMemory.resetPeak(0) }
    }
}

@Suite struct CPUClockTests {
    @Test func `the machine's time is all but idling, waiting and guests`() {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let text = "cpu  100 20 30 9999 8888 4 5 6 77 66\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
        #expect(CPUClock.machine(stat: text) == 165 / ticks)
        #expect(CPUClock.machine(stat: "") == 0)
        #expect(CPUClock.machine() > 0)
    }
}
