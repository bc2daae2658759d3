/// What became of a load.
struct LoadReport: Codable {
    /// Without those sent again.
    var posts = 0
    var postsAccepted = 0
    var spansAccepted = 0
    /// With those sent again.
    var attempts = 0
    var spansOffered = 0
    /// Answers that were neither an acceptance nor a request to wait, by status.
    var refusals: [String: Int] = [:]
    /// Answers that ask to wait (503 with Retry-After, UNAVAILABLE with RetryInfo), each followed by another try.
    var retries = 0
    var connectionsLost = 0
    var spansLost = 0
    var bodyBytes = 0
    var wallSeconds = 0.0
    /// Of this process, generator included.
    var senderCPUSeconds = 0.0
    var acknowledgementP50Milliseconds = 0.0
    var acknowledgementP99Milliseconds = 0.0
    /// The course of the load, in ten parts of equal size; empty if nobody watched.
    var tenths: [LoadTenth] = []

    var spansPerSecond: Double { wallSeconds > 0 ? Double(spansAccepted) / wallSeconds : 0 }
    var postsPerSecond: Double { wallSeconds > 0 ? Double(postsAccepted) / wallSeconds : 0 }
}
