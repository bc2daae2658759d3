internal import WireFormats

/// What a `BulkSender` has to send, and when: a state machine that knows no time, chance or network of its own.
///
/// Times are nanoseconds of one clock that never runs backwards.
struct BulkQueue {
    /// The body of one request, all or part of what was submitted.
    struct Piece {
        let submission: Int
        let body: BulkBody
        /// `body` as it is sent, if that is packed and was done already.
        var packed: [UInt8]?
        fileprivate(set) var failureCount = 0
        fileprivate var due: UInt64 = 0
        fileprivate var generation = 0
    }

    /// What is left of a body that was submitted.
    private struct Submission {
        var pieceCount = 1
        var report = BulkReport()
    }

    private let schedule: RetrySchedule
    private(set) var pacing: BulkPacing
    private(set) var state = BulkSenderState()
    private var submissions: [Int: Submission] = [:]
    private var nextSubmission = 0
    /// In the order of sending.
    private var ready: [Piece] = []
    /// Failed, and due at some time.
    private var waiting: [Piece] = []
    private var underWayCount = 0

    init(_ options: BulkOptions) {
        schedule = RetrySchedule(options)
        pacing = BulkPacing(options)
    }

    /// Whether a body that is submitted would go out at once.
    var hasRoom: Bool { ready.count + waiting.count + underWayCount < pacing.requestCount }

    /// Whether `next` has something.
    func canSend(now: UInt64) -> Bool {
        underWayCount < pacing.requestCount && (!ready.isEmpty || waiting.contains { $0.due <= now })
    }

    /// When the next failed one is due; nil if there is none.
    var nextDue: UInt64? { waiting.lazy.map(\.due).min() }

    /// The state, with what is known only now.
    var currentState: BulkSenderState {
        var state = state
        state.requestsUnderWay = underWayCount
        state.requestCountLimit = pacing.requestCount
        return state
    }

    /// Takes a body of at least one document.
    /// - Returns: its number.
    mutating func submit(_ body: BulkBody) -> Int {
        precondition(body.documentCount > 0, "a body without documents is done")
        nextSubmission += 1
        submissions[nextSubmission] = Submission()
        state.pendingDocumentCount += body.documentCount
        ready.append(Piece(submission: nextSubmission, body: body))
        return nextSubmission
    }

    /// What is to be sent now; nil if there is nothing, or too much is under way.
    mutating func next(now: UInt64) -> Piece? {
        guard underWayCount < pacing.requestCount else { return nil }
        // Those that failed are older.
        let due = waiting.indices.filter { waiting[$0].due <= now }.min { waiting[$0].due < waiting[$1].due }
        guard var piece = due.map({ waiting.remove(at: $0) }) ?? (ready.isEmpty ? nil : ready.removeFirst()) else {
            return nil
        }
        while piece.body.byteCount > pacing.byteCountLimit, let (first, second) = split(piece) {
            piece = first
            ready.insert(second, at: 0)
        }
        piece.generation = pacing.generation
        underWayCount += 1
        return piece
    }

    /// - Parameter chance: 0..<1.
    /// - Returns: what became of the submission, if this was the end of it.
    mutating func finished(
        _ piece: Piece, _ result: Result<BulkOutcome, OpenSearchError>, now: UInt64, chance: Double
    ) -> BulkReport? {
        underWayCount -= 1
        var piece = piece
        switch result {
        case .success(let outcome):
            return finished(&piece, outcome, now: now, chance: chance)
        case .failure(let error):
            state.requestCounts[error.status ?? 0, default: 0] += 1
            if error.code == .pushedBack { pacing.pushedBack(generation: piece.generation) }
            if error.isOfContent, let (first, second) = split(piece) {
                if error.status == 413 { pacing.tooLarge(byteCount: piece.body.byteCount) }
                ready.insert(contentsOf: [first, second], at: 0)
                return nil
            }
            if error.isOfContent {
                reject(0, of: piece, status: error.status ?? 0, type: error.type, reason: error.message)
                return end(piece)
            }
            postpone(&piece, now: now, chance: chance, retryAfter: error.retryAfter)
            return nil
        }
    }

    /// The reports of all that is not done, by the numbers of their submissions. Nothing is left.
    mutating func stop() -> [(submission: Int, report: BulkReport)] {
        defer {
            submissions = [:]
            ready = []
            waiting = []
        }
        return submissions.keys.sorted().map { number in
            var report = submissions[number]?.report ?? BulkReport()
            report.isComplete = false
            return (number, report)
        }
    }

    /// Whether the submission was ended by `stop`.
    func isOpen(_ piece: Piece) -> Bool { submissions[piece.submission] != nil }

    // MARK: Details

    private mutating func finished(
        _ piece: inout Piece, _ outcome: BulkOutcome, now: UInt64, chance: Double
    ) -> BulkReport? {
        state.requestCounts[200, default: 0] += 1
        var again: [Int] = []
        var isPushedBack = false
        for problem in outcome.problems {
            switch problem.verdict {
            case .rejected(let status, let type, let reason):
                reject(problem.document, of: piece, status: status, type: type, reason: reason)
            case .again(let status, _):
                again.append(problem.document)
                if status == 429 || status == 503 { isPushedBack = true }
            }
        }
        let doneCount = piece.body.documentCount - outcome.problems.count
        state.documentCount += doneCount
        state.pendingDocumentCount -= doneCount
        if isPushedBack {
            pacing.pushedBack(generation: piece.generation)
        } else if again.isEmpty {
            pacing.succeeded()
        }
        if again.isEmpty { return end(piece) }
        // Some went through: the others begin anew.
        let failureCount = again.count < piece.body.documentCount ? 0 : piece.failureCount
        if again.count < piece.body.documentCount {
            var rest = BulkBody()
            rest.append(documents: again, of: piece.body)
            piece = Piece(submission: piece.submission, body: rest)
        }
        piece.failureCount = failureCount
        postpone(&piece, now: now, chance: chance, retryAfter: nil)
        return nil
    }

    private mutating func postpone(_ piece: inout Piece, now: UInt64, chance: Double, retryAfter: Duration?) {
        piece.failureCount += 1
        piece.due = now + schedule.delay(failureCount: piece.failureCount, chance: chance, retryAfter: retryAfter)
        waiting.append(piece)
    }

    private mutating func reject(_ document: Int, of piece: Piece, status: Int, type: String, reason: String) {
        let lines = piece.body.withBytes { bytes in
            bytes[piece.body.lines(ofDocument: document)].split(separator: UInt8(ascii: "\n")).map { Array($0) }
        }
        submissions[piece.submission]?.report.rejections.append(
            BulkReport.Rejection(
                action: lines.first ?? [], source: lines.dropFirst().first ?? [], status: status, type: type,
                reason: reason))
        state.rejectedDocumentCount += 1
        state.pendingDocumentCount -= 1
    }

    private mutating func end(_ piece: Piece) -> BulkReport? {
        submissions[piece.submission]?.pieceCount -= 1
        guard let submission = submissions[piece.submission], submission.pieceCount == 0 else { return nil }
        submissions[piece.submission] = nil
        return submission.report
    }

    /// In two of about the same bytes; nil for a single document.
    private mutating func split(_ piece: Piece) -> (Piece, Piece)? {
        let count = piece.body.documentCount
        guard count > 1 else { return nil }
        let half = (1..<count - 1).first { piece.body.lines(ofDocument: $0).upperBound > piece.body.byteCount / 2 }
        let middle = half ?? count - 1
        submissions[piece.submission]?.pieceCount += 1
        func part(_ documents: Range<Int>) -> Piece {
            var body = BulkBody()
            body.append(documents: Array(documents), of: piece.body)
            return Piece(submission: piece.submission, body: body)
        }
        return (part(0..<middle), part(middle..<count))
    }
}

extension OpenSearchError {
    /// Whether it is the cluster's verdict on one of the documents of a bulk request, or on how large they are: fewer
    /// may go through. A 400 of anybody else, such as a proxy, names no type.
    var isOfContent: Bool { status == 413 || (status == 400 && !type.isEmpty) }
}
