import Logging
import NetworkServer
import Synchronization
import Telemetry

/// Asks the system now and then how many datagrams it had to drop, for their senders are never told.
final class DatagramLossWatch: Sendable {
    private final class Loss: Sendable {
        let count = Atomic(0)
    }

    private let task: Task<Void, Never>?

    private static let interval = Duration.seconds(5)

    init(_ servers: [DatagramServer], _ metrics: MetricsRegistry, _ logger: Logger) {
        guard !servers.isEmpty else {
            task = nil
            return
        }
        let losses = servers.map { ($0, Loss()) }
        for name in Set(servers.map(\.name)) {
            let ofName = losses.filter { $0.0.name == name }.map(\.1)
            metrics.counter(
                "skein_receiver_lost_datagrams_total", "Datagrams that came faster than they could be read.",
                [("protocol", name)]
            ) { Double(ofName.reduce(0) { $0 + $1.count.load(ordering: .relaxed) }) }
        }
        task = Task.detached(priority: .background) {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                for (server, loss) in losses {
                    guard let lost = await server.socketState()?.lostDatagramCount else { continue }
                    let before = loss.count.exchange(lost, ordering: .relaxed)
                    guard lost > before else { continue }
                    logger.warning(
                        "datagrams were lost: they came faster than they could be read",
                        metadata: ["listener": "\(server.name)", "datagrams": "\(lost - before)"])
                }
            }
        }
    }

    func stop() { task?.cancel() }
}
