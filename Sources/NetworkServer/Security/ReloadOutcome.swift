/// What became of looking at files that may have changed.
public enum ReloadOutcome: Sendable, Equatable {
    case unchanged
    /// New connections and requests are held against the new content.
    case reloaded
    /// The new content cannot be used, for the reason given; the old one stays in force. Said once for each reason.
    case failed(String)
}
