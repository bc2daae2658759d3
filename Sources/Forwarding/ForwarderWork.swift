internal import Logging
internal import OpenSearch
internal import Threads
internal import TraceModel
internal import TraceStore
internal import WireFormats

/// What the thread of a forwarder does.
final class ForwarderWork: @unchecked Sendable {
    // Unchecked: used by the forwarder's thread alone once it runs.
    let options: ForwardingOptions
    let store: TraceStore
    let client: OpenSearchClient
    let sender: BulkSender
    let letters: DeadLetters
    let inbox: ForwarderInbox
    let pace: ForwarderPace
    let logger: Logger
    private let hashKey: [UInt8]
    /// Of the segment at hand.
    private var filter: SpanFilter
    private var documents: any SpanDocuments
    private var selection: SpanSelection
    private let begunFile: BegunSegmentFile
    private var begun: BegunSegment?
    private let limits: BodyLimits
    private let memory: BulkMemory
    private var body: BulkBody
    private var lastNumber = 0
    var progress = SegmentProgress(place: 0)
    var calls: CallDocuments?
    private var nextCalls: UInt64 = 0
    /// Whether the cluster has the templates, as far as is known, and when to try next.
    private var hasTemplates = false
    private var nextTemplates: UInt64 = 0
    private var templatesSchedule = 1.0
    private var isFirstTemplates = true
    private var templatesProblem: OpenSearchError?
    /// Reports that wait until dead letters were sent again.
    var deferred: [(number: Int, report: BulkReport)] = []

    /// Spans after which what is done is noted.
    private static let notedSpanCount = 50_000
    /// Seconds between two looks for room, when no report comes.
    private static let roomInterval = 0.05

    init(
        _ options: ForwardingOptions, store: TraceStore, client: OpenSearchClient, sender: BulkSender,
        letters: DeadLetters, begunFile: BegunSegmentFile, inbox: ForwarderInbox, pace: ForwarderPace, logger: Logger
    ) throws(StoreError) {
        self.options = options
        self.store = store
        self.client = client
        self.sender = sender
        self.letters = letters
        self.inbox = inbox
        self.pace = pace
        self.logger = logger
        limits = BodyLimits(options)
        // Those under way, and the one in the making.
        memory = BulkMemory(byteCount: options.bulkByteCountMax, keptCountMax: options.requestCountMax + 1)
        body = BulkBody()
        self.begunFile = begunFile
        begun = begunFile.read()
        hashKey = try store.forwardHashKey()
        filter = options.filter
        documents = DocumentShapes.documents(options, options.filter, hashKey: hashKey)
        selection = SpanSelection(options.filter)
        calls = try CallDocuments(options, store: store, pace: pace)
        tellLetters()
    }

    func run() {
        while !inbox.isToStop {
            rest()
            if let retry = inbox.nextRetry() { retryLetters(retry) }
            guard hasTemplates, let pending = store.nextPending(destination: options.name) else {
                body = BulkBody()
                memory.removeAll()
                if let next = inbox.nextReport(waiting: pace.idle, isAtRest: true) { take(next) }
                continue
            }
            if !forward(pending) { wait(seconds: 1) }
            store.endPending(pending)
        }
        // Calls may have been told of meanwhile.
        while let next = inbox.lastReport() { take(next) }
    }

    // MARK: Segments

    /// - Returns: false if it is to be tried again after a while.
    private func forward(_ pending: PendingSegment) -> Bool {
        progress = SegmentProgress(place: pending.doneSpanCount)
        body = BulkBody(memory)
        var noted = pending.doneSpanCount
        do {
            try begin(pending)
            var isWhole = false
            do {
                isWhole = try read(pending, &noted)
            } catch let error as StoreError where error.code == .corrupt {
                noteDamage(pending.spanCount - progress.place, error.message)
                isWhole = true
            }
            while !progress.isIdle, let next = inbox.nextReport(waiting: Self.roomInterval) ?? resting() { take(next) }
            let place = isWhole && progress.isIdle ? pending.spanCount : progress.place
            if place > noted || place == pending.spanCount {
                try store.markForwarded(pending, doneSpanCount: place)
            }
            return true
        } catch {
            logger.error(
                "a segment could not be handed on; it is tried again",
                metadata: ["segment": "\(pending.id)", "reason": "\(error)"])
            inbox.change { $0.problem = "\(error)" }
            // Its reports are of no segment any more.
            progress = SegmentProgress(place: 0)
            return false
        }
    }

    /// Takes up the filter with which the segment was begun, or begins it with that of the options.
    private func begin(_ pending: PendingSegment) throws {
        if begun?.segment != pending.id {
            let new = BegunSegment(segment: pending.id, filter: options.filter)
            try begunFile.write(new)
            begun = new
        }
        guard let begun, begun.filter != filter else { return }
        filter = begun.filter
        documents = DocumentShapes.documents(options, filter, hashKey: hashKey)
        selection = SpanSelection(filter)
    }

    /// Nothing, as long as the forwarder goes on; ends the loop otherwise.
    private func resting() -> (number: Int, report: BulkReport)? {
        while !inbox.isToStop {
            rest()
            if let next = inbox.nextReport(waiting: Self.roomInterval) { return next }
        }
        return inbox.lastReport()
    }

    /// - Returns: whether all of the segment was handed over to the sender.
    private func read(_ pending: PendingSegment, _ noted: inout Int) throws -> Bool {
        var reached = pending.doneSpanCount
        var filteredCount = 0
        defer { if filteredCount > 0 { inbox.change { $0.filteredSpanCount += filteredCount } } }
        try store.readPending(pending, from: pending.doneSpanCount) { part, endPlace in
            switch part {
            case .damaged(let spanCount, let reason):
                noteDamage(spanCount, reason)
            case .spans(let batch, let range):
                selection.enter(batch)
                documents.enter(batch) { try self.store.root(of: $0, in: pending) }
                var rows = selection.rows(range, of: batch)
                defer { filteredCount += rows.leftOutCount }
                while !rows.isAtEnd {
                    try documents.append(&rows, of: batch, to: &body, limits)
                    guard limits.isReached(by: body) else { continue }
                    guard submit(endPlace: endPlace - (range.upperBound - rows.position)) else { return false }
                    if progress.place - noted >= Self.notedSpanCount {
                        noted = progress.place
                        try store.markForwarded(pending, doneSpanCount: noted)
                    }
                }
            }
            reached = endPlace
            return !inbox.isToStop
        }
        guard reached >= pending.spanCount else { return false }
        return body.isEmpty || submit(endPlace: reached)
    }

    private func noteDamage(_ spanCount: Int, _ reason: String) {
        inbox.change { $0.damagedSpanCount += spanCount }
        logger.critical(
            "spans of a segment cannot be read, and are not handed on",
            metadata: ["spans": "\(spanCount)", "reason": "\(reason)"])
    }

    // MARK: Bodies

    /// Hands the body over once there is room.
    /// - Returns: false if the forwarder is to stop.
    private func submit(endPlace: Int) -> Bool {
        while !sender.hasRoom {
            if inbox.isToStop { return false }
            if let next = inbox.nextReport(waiting: Self.roomInterval) { take(next) } else { rest() }
        }
        while let next = inbox.nextReport(waiting: 0) { take(next) }
        body.finish()
        let number = submit(body)
        progress.begin(number, endPlace: endPlace)
        body = BulkBody(memory)
        return true
    }

    /// - Parameter body: finished.
    /// - Returns: the number under which the report comes.
    func submit(_ body: BulkBody) -> Int {
        lastNumber += 1
        let (number, inbox) = (lastNumber, inbox)
        sender.submit(body) { inbox.deliver(number, $0) }
        return number
    }

    /// Takes note of what became of a body.
    func take(_ next: (number: Int, report: BulkReport)) {
        guard keep(next.report.rejections), next.report.isComplete else { return }
        progress.finish(next.number)
        do throws(StoreError) {
            try calls?.finish(next.number)
        } catch {
            logger.error("what was told of calls cannot be noted", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: Beside it

    /// What is to be done now and then, while spans wait or not.
    func rest() {
        let hasProblem = sender.state.problem != nil
        // It may come back without them.
        if hasProblem { hasTemplates = false }
        if !hasTemplates { installTemplates() }
        guard calls != nil, SystemClock.monotonicNanoseconds() >= nextCalls else { return }
        nextCalls = SystemClock.monotonicNanoseconds() + UInt64(pace.calls * 1e9)
        do {
            try calls?.look(now: SystemClock.nanosecondsSince1970())
            guard hasTemplates else { return }
            try calls?.send { sender.hasRoom ? submit($0) : nil }
        } catch {
            logger.error("the calls between services cannot be told of", metadata: ["reason": "\(error)"])
        }
    }

    /// Asks the cluster for its templates, and puts those there that are missing or older, when it is time to.
    private func installTemplates() {
        guard options.index.installsTemplates else {
            hasTemplates = true
            return
        }
        let now = SystemClock.monotonicNanoseconds()
        guard now >= nextTemplates else { return }
        do throws(OpenSearchError) {
            try options.index.prepare(client, logger)
            if !isFirstTemplates { documents.reset() }
            isFirstTemplates = false
            hasTemplates = true
            templatesSchedule = templatesIntervals.lowerBound
            if templatesProblem != nil { inbox.change { $0.problem = nil } }
            templatesProblem = nil
        } catch {
            nextTemplates = SystemClock.monotonicNanoseconds() + UInt64(templatesSchedule * 1e9)
            templatesSchedule = min(templatesSchedule * 2, templatesIntervals.upperBound)
            guard templatesProblem?.summary != error.summary, !inbox.isToStop else { return }
            templatesProblem = error
            logger.warning("spans wait: index templates cannot be installed", metadata: ["reason": "\(error)"])
            let since = SystemClock.nanosecondsSince1970()
            inbox.change { $0.problem = "\(error.summary) since \(UTCTime.text(since))" }
        }
    }

    /// Seconds between two attempts to install templates.
    private var templatesIntervals: ClosedRange<Double> {
        let least = options.backoffMin / .seconds(1)
        return least...max(least, options.backoffMax / .seconds(1))
    }

    /// Lets time pass, unless the forwarder is to stop.
    func wait(seconds: Double) {
        let end = SystemClock.monotonicNanoseconds() + UInt64(seconds * 1e9)
        while !inbox.isToStop, SystemClock.monotonicNanoseconds() < end {
            if let next = inbox.nextReport(waiting: min(seconds, 0.1)) { take(next) }
        }
    }
}
