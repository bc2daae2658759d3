internal import Compression
internal import NIOCore

/// Answers the messages of one call as they come. Called on the call's event loop: must never block.
protocol ConversationHandler: AnyObject {
    /// Whether the call may rest without end: the client waits for the server, not the other way round.
    var mayRest: Bool { get }
    /// The next message; not before the answer to the one before was taken. To be answered now or later.
    func messageArrived(_ message: [UInt8], on conversation: CallConversation)
    /// The client has said all, and all of it was answered.
    func inputEnded(on conversation: CallConversation)
    /// The call is over, whoever ended it. Called once.
    func ended()
}

/// A call whose messages come and are answered one by one, while it lasts.
///
/// What waits to be answered is bounded: a client that asks and does not read is ended. Touched only on its event loop.
final class CallConversation: @unchecked Sendable {
    let stream: RequestStream
    private let handler: any ConversationHandler
    private let sendsGzip: Bool
    private var input: [UInt8] = []
    private var inputStart = 0
    private var isInputEnded = false
    private var isEndTold = false
    private var isProcessing = false
    private var isBegun = false
    private var isEnded = false
    /// Something was sent that the client has not taken.
    private(set) var isAnswerUnderWay = false

    /// Bytes of messages that wait, and of one message.
    private static let inputByteCountMax = 64 << 10
    private static let unpackedByteCountMax = 256 << 10

    init(stream: RequestStream, handler: any ConversationHandler, sendsGzip: Bool) {
        self.stream = stream
        self.handler = handler
        self.sendsGzip = sendsGzip
    }

    // MARK: From the client

    func bytesArrived(_ bytes: ByteBuffer) {
        guard !isEnded else { return }
        let byteCount = bytes.readableBytes
        stream.current.bodyByteCount += byteCount
        guard input.count + byteCount <= Self.inputByteCountMax else {
            end(GRPCStatus(.resourceExhausted, "Too much is asked before answers were read"))
            return
        }
        guard stream.loop.budget.reserve(byteCount) else {
            end(GRPCStatus(HTTPError.overloaded))
            return
        }
        stream.current.reservedByteCount += byteCount
        bytes.withUnsafeReadableBytes { input.append(contentsOf: $0) }
        process()
    }

    func inputEnded() {
        isInputEnded = true
        process()
    }

    private func process() {
        // A message may be answered, and its answer taken, before the handler returns.
        guard !isProcessing else { return }
        isProcessing = true
        while !isEnded, !isAnswerUnderWay {
            do throws(GRPCStatus) {
                guard let message = try takeMessage() else { break }
                handler.messageArrived(message, on: self)
            } catch {
                end(error)
            }
        }
        isProcessing = false
        forgetInput()
        guard !isEnded, !isAnswerUnderWay, isInputEnded, !isEndTold else { return }
        isEndTold = true
        if input.isEmpty {
            handler.inputEnded(on: self)
        } else {
            end(GRPCStatus(.invalidArgument, "The call ends in the middle of a message"))
        }
    }

    /// The next message, once it has come whole.
    private func takeMessage() throws(GRPCStatus) -> [UInt8]? {
        let rest = input[inputStart...]
        guard rest.count >= CallFraming.prefixByteCount else { return nil }
        let byteCount = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard byteCount <= Self.inputByteCountMax - CallFraming.prefixByteCount else {
            throw GRPCStatus(.resourceExhausted, "The message is too large")
        }
        guard rest.count >= CallFraming.prefixByteCount + byteCount else { return nil }
        let bytes = Array(rest.dropFirst(CallFraming.prefixByteCount).prefix(byteCount))
        inputStart += CallFraming.prefixByteCount + byteCount
        guard rest[rest.startIndex] & 1 == 1, !bytes.isEmpty else { return bytes }
        // The status that gRPC has for an encoding that a server does not know.
        guard sendsGzip else { throw GRPCStatus(.unimplemented, "Messages are packed with gzip, or not at all") }
        return try unpack(bytes)
    }

    private func unpack(_ bytes: [UInt8]) throws(GRPCStatus) -> [UInt8] {
        var message: [UInt8] = []
        let inflater = stream.loop.inflater
        let outcome = bytes.withUnsafeBytes { bytes in
            Result { () throws(InflateError) in
                try inflater.unpack(bytes, onto: &message, byteCountMax: Self.unpackedByteCountMax)
            }
        }
        switch outcome {
        case .success: return message
        case .failure(.tooLarge): throw GRPCStatus(.resourceExhausted, "The message is too large")
        case .failure: throw GRPCStatus(.invalidArgument, "Cannot unpack the message")
        }
    }

    /// Gives back what of the input was worked on.
    private func forgetInput() {
        guard !isEnded, inputStart > 0 else { return }
        input.removeFirst(inputStart)
        stream.loop.budget.release(inputStart)
        stream.current.reservedByteCount -= inputStart
        inputStart = 0
    }

    // MARK: To the client

    /// Sets how long the client may say nothing.
    func awaitClient() {
        stream.deadline = handler.mayRest ? .distantFuture : .now() + stream.server.idleTimeout
    }

    /// Sends one message. Must not be called while an answer is under way.
    func send(_ message: [UInt8]) {
        precondition(!isAnswerUnderWay, "one answer after the other")
        guard !isEnded else { return }
        isAnswerUnderWay = true
        let promise = stream.loop.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { result in
            guard !self.isEnded, case .success = result else { return }
            self.isAnswerUnderWay = false
            self.awaitClient()
            self.process()
        }
        let head = isBegun ? nil : HTTPResponse.callHead(packs: false)
        isBegun = true
        stream.stream(CallFraming.framed(message), head: head, isLast: false, promise: promise)
    }

    /// Ends the call; nil: it succeeded.
    func end(_ status: GRPCStatus?) {
        guard !isEnded else { return }
        markEnded()
        var answer = status.map { HTTPResponse($0) } ?? .callHead(packs: false)
        if status == nil { answer.trailers = HTTPResponse.callSuccess }
        if isBegun {
            stream.endStream([], trailers: answer.trailers)
        } else {
            stream.answer(answer)
        }
    }

    // MARK: From the stream

    /// Nobody reads or asks any more.
    func markEnded() {
        guard !isEnded else { return }
        isEnded = true
        handler.ended()
    }

    func deadlinePassed() {
        if isAnswerUnderWay {
            stream.close()
        } else {
            end(GRPCStatus(.deadlineExceeded, "Nothing was said for too long"))
        }
    }

    /// Ends the call when the server does: it could last for ever.
    func drain() {
        end(GRPCStatus(.unavailable, "The server is being shut down"))
    }
}
