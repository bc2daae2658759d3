import Foundation

enum OpenFiles {
    /// Lets this process, and those that it starts, have so many files and sockets open.
    static func allow(_ count: Int) throws {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { throw BenchError.system("reading the limit of open files") }
        guard limit.rlim_cur < count else { return }
        limit.rlim_cur = rlim_t(count)
        limit.rlim_max = max(limit.rlim_max, rlim_t(count))
        guard setrlimit(resource, &limit) == 0 else {
            throw BenchError.system("\(count) open files are needed; raising the limit")
        }
    }
}
