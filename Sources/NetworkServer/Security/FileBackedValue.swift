internal import NIOConcurrencyHelpers

/// A value made of the content of files, and made anew when they change.
package final class FileBackedValue<Value: Sendable, Failure: Error & CustomStringConvertible>: Sendable {
    private struct State {
        var value: Value
        var stamps: [SecurityFile.Stamp?]
        /// What was said last, if the files cannot be used as they are now.
        var failure: String?
    }

    private let paths: [String]
    private let load: @Sendable () throws(Failure) -> Value
    private let state: NIOLockedValueBox<State>

    package init(paths: [String], load: @escaping @Sendable () throws(Failure) -> Value) throws(Failure) {
        self.paths = paths
        self.load = load
        // Taken before the files are read: what changes in between is read again.
        let stamps = paths.map(SecurityFile.Stamp.of)
        state = NIOLockedValueBox(State(value: try load(), stamps: stamps))
    }

    package var current: Value {
        state.withLockedValue { $0.value }
    }

    /// Files that could not be used are tried again each time, as a part of them may still be on its way.
    package func reloadIfChanged() -> ReloadOutcome {
        let stamps = paths.map(SecurityFile.Stamp.of)
        let isChanged = state.withLockedValue { state in
            if state.stamps == stamps { state.failure = nil }
            return state.stamps != stamps
        }
        guard isChanged else { return .unchanged }
        do {
            let value = try load()
            state.withLockedValue { $0 = State(value: value, stamps: stamps) }
            return .reloaded
        } catch {
            let message = error.description
            return state.withLockedValue { state in
                defer { state.failure = message }
                return state.failure == message ? .unchanged : .failed(message)
            }
        }
    }
}
