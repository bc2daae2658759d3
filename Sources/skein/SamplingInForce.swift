import Configuration
import Ingestion
import Logging
import Sampling
import Synchronization
import Topology
import TraceStore

/// The rules of sampling that are in force, and how others take their place while the server runs.
final class SamplingInForce: Sendable {
    private let state: Mutex<PolicyDocument>
    /// Nil if spans are kept elsewhere: then no more than the head decides.
    private let store: TraceStore?
    private let pipeline: IngestPipeline

    var document: PolicyDocument { state.withLock { $0 } }

    init(_ document: PolicyDocument, store: TraceStore?, pipeline: IngestPipeline) {
        state = Mutex(document)
        self.store = store
        self.pipeline = pipeline
    }

    static func headSampler(_ document: PolicyDocument) -> HeadSampler {
        HeadSampler(document.head, countedKeys: CallAttributes.isRead)
    }

    func change(_ document: PolicyDocument) {
        pipeline.changeSampler(Self.headSampler(document))
        store?.changeSampling(SamplingRules(document))
        state.withLock { $0 = document }
    }

    /// Reads the configuration again; one that is wrong changes nothing.
    func reload(_ read: () throws(ConfigurationError) -> Configuration, _ logger: Logger) {
        do throws(ConfigurationError) {
            change(try read().sampling)
            logger.notice("read the configuration again: its rules of sampling are in force; the rest needs a restart")
        } catch {
            for problem in error.problems {
                logger.error(
                    "the configuration cannot be read again; nothing changes", metadata: ["reason": "\(problem)"])
            }
        }
    }
}
