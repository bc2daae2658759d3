internal import NIOCore

/// What an event loop looks after: it has a deadline, and can be drained and closed.
///
/// Touched only on its event loop.
class Watched: @unchecked Sendable {
    let server: HTTPServerCore
    let loop: EventLoopState
    /// Its place in the event loop's list; -1 while it is not there.
    var registryIndex = -1
    /// When it has been in its phase for too long.
    var deadline = NIODeadline.distantFuture

    init(server: HTTPServerCore, loop: EventLoopState) {
        self.server = server
        self.loop = loop
    }

    func deadlinePassed() {}
    /// Ends it if nothing is under way; otherwise its next answer is its last.
    func drain() {}
    func close() {}
}
