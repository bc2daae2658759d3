/// How busy the machine was with neither the server nor this program: what makes figures worse than they are.
struct OtherPrograms {
    private let wall: Double
    private let cpuSeconds: Double

    /// Begins to count.
    init(_ server: ServerProcess) throws {
        wall = CPUClock.wall()
        cpuSeconds = try Self.cpuSeconds(server)
    }

    /// How many processors other programs have used on average since then.
    func processors(_ server: ServerProcess) throws -> Double {
        let passed = CPUClock.wall() - wall
        return passed > 0 ? max((try Self.cpuSeconds(server) - cpuSeconds) / passed, 0) : 0
    }

    private static func cpuSeconds(_ server: ServerProcess) throws -> Double {
        CPUClock.machine() - CPUClock.process() - (try server.cpuSeconds())
    }
}
