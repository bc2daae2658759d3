internal import CCurl
internal import CShim
internal import Synchronization
internal import Threads

/// What the thread of a pool does: starts what came in, lets curl work, hands out what has ended.
final class TransferLoop: @unchecked Sendable {
    private struct Job {
        let id: HTTPConnectionPool.RequestID
        let request: HTTPClient.Request
        let completion: HTTPConnectionPool.Completion
    }

    /// What other threads want of this one.
    private struct Inbox {
        var jobs: [Job] = []
        var cancelled: Set<HTTPConnectionPool.RequestID> = []
        var nextNumber: UInt64 = 0
        var isStopped = false
        var threadIdentity: CurrentThread.Identity?
    }

    private let options: HTTPConnectionOptions
    private let inbox = Mutex(Inbox())
    /// Freed by `run` at its end; others wake it only under the inbox's lock, and not once it is stopped.
    private let multi: UnsafeMutableRawPointer

    // Of the thread alone.
    private var running: [UnsafeMutableRawPointer: (job: Job, transfer: CurlTransfer)] = [:]
    private var idle: [CurlTransfer] = []
    private static let idleCountMax = 32
    private static let waitMilliseconds = 60_000

    init(_ options: HTTPConnectionOptions) {
        self.options = options
        guard let multi = skein_curl_multi_make() else { preconditionFailure("libcurl has memory for a handle") }
        self.multi = multi
        let count = max(1, options.connectionCountMax)
        skein_curl_multi_set_long(multi, Int32(CURLMOPT_MAX_TOTAL_CONNECTIONS.rawValue), count)
        skein_curl_multi_set_long(multi, Int32(CURLMOPT_MAXCONNECTS.rawValue), count)
        // One request at a time on a connection, with HTTP/2 too. Requests that share one share its window, the bytes
        // that a server takes unread: 64 KiB, unless it says otherwise. With a round trip of 1 ms and more, four large
        // bodies over one connection take about three times as long as over four. Besides, libcurl 7.88 now and then
        // leaves one of several large exchanges on a connection standing.
        skein_curl_multi_set_long(multi, Int32(CURLMOPT_PIPELINING.rawValue), Int(CURLPIPE_NOTHING))
    }

    /// Frees what `run`, which was never called, would have freed.
    func discard() { skein_curl_multi_free(multi) }

    // MARK: From any thread

    var isOwnThread: Bool { inbox.withLock { $0.threadIdentity } == CurrentThread.identity }

    func add(
        _ request: HTTPClient.Request, _ completion: @escaping HTTPConnectionPool.Completion
    ) -> HTTPConnectionPool.RequestID {
        let (id, isStopped) = inbox.withLock { inbox in
            inbox.nextNumber += 1
            let id = HTTPConnectionPool.RequestID(number: inbox.nextNumber)
            if !inbox.isStopped {
                inbox.jobs.append(Job(id: id, request: request, completion: completion))
                skein_curl_multi_wake(multi)
            }
            return (id, inbox.isStopped)
        }
        if isStopped { completion(.failure(Self.stopped)) }
        return id
    }

    func cancel(_ id: HTTPConnectionPool.RequestID) {
        inbox.withLock { inbox in
            guard !inbox.isStopped else { return }
            inbox.cancelled.insert(id)
            skein_curl_multi_wake(multi)
        }
    }

    func stop() {
        inbox.withLock { inbox in
            guard !inbox.isStopped else { return }
            inbox.isStopped = true
            skein_curl_multi_wake(multi)
        }
    }

    // MARK: The thread

    func run() {
        // OpenSSL writes to sockets in its own ways.
        CurrentThread.blockBrokenPipeSignal()
        inbox.withLock { $0.threadIdentity = CurrentThread.identity }
        while true {
            let work = inbox.withLock { inbox in
                defer {
                    inbox.jobs = []
                    inbox.cancelled = []
                }
                return inbox
            }
            for job in work.jobs where !work.isStopped { start(job) }
            if work.isStopped {
                end(unstarted: work.jobs)
                return
            }
            if !work.cancelled.isEmpty { cancel(work.cancelled) }
            check(skein_curl_multi_perform(multi))
            var code: Int32 = 0
            while let handle = skein_curl_multi_next_done(multi, &code) { finish(handle, code) }
            check(skein_curl_multi_wait(multi, Int32(Self.waitMilliseconds)))
        }
    }

    private func start(_ job: Job) {
        guard HTTPClient.Request.isURL(job.request.url) else {
            let server = HTTPClient.Request.server(of: job.request.url)
            job.completion(.failure(HTTPClientError(badURL: server)))
            return
        }
        let transfer = idle.popLast() ?? CurlTransfer()
        transfer.prepare(job.request, options)
        running[transfer.handle] = (job, transfer)
        check(skein_curl_multi_add(multi, transfer.handle))
    }

    private func finish(_ handle: UnsafeMutableRawPointer, _ code: Int32) {
        guard let (job, transfer) = remove(handle) else { return }
        let result = transfer.finish(code)
        recycle(transfer)
        job.completion(result)
    }

    private func cancel(_ ids: Set<HTTPConnectionPool.RequestID>) {
        for (handle, entry) in running where ids.contains(entry.job.id) {
            _ = remove(handle)
            recycle(entry.transfer)
            entry.job.completion(.failure(HTTPClientError(.cancelled, "the request was given up")))
        }
    }

    private func remove(_ handle: UnsafeMutableRawPointer) -> (job: Job, transfer: CurlTransfer)? {
        skein_curl_multi_remove(multi, handle)
        return running.removeValue(forKey: handle)
    }

    private func recycle(_ transfer: CurlTransfer) {
        transfer.forget()
        if idle.count < Self.idleCountMax { idle.append(transfer) }
    }

    /// curl itself is in trouble (out of memory or descriptors): nothing that is under way will end by itself.
    private func check(_ outcome: Int32) {
        guard outcome != 0, !running.isEmpty else { return }
        let reason = skein_curl_multi_error_text(outcome).map { String(cString: $0) } ?? "\(outcome)"
        for (handle, entry) in running {
            _ = remove(handle)
            entry.job.completion(.failure(HTTPClientError(.interrupted, "libcurl gave up: \(reason)")))
        }
    }

    private func end(unstarted: [Job]) {
        for job in unstarted { job.completion(.failure(Self.stopped)) }
        for (handle, entry) in running {
            _ = remove(handle)
            entry.job.completion(.failure(Self.stopped))
        }
        idle = []
        inbox.withLock { $0.threadIdentity = nil }  // another thread may get the same one
        skein_curl_multi_free(multi)
    }

    private static var stopped: HTTPClientError { HTTPClientError(.cancelled, "the client was shut down") }
}
