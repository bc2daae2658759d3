import Configuration
import Journal
import NetworkServer
import Sampling
import TopologyStore
import TraceStore
import WireFormats

// What each part is told of the configuration.

extension StoreOptions {
    init(_ configuration: Configuration) {
        self.init()
        liveByteCountMax = configuration.liveByteCountMax
        sealAge = configuration.sealAge / .seconds(1)
        sealIdle = configuration.sealIdle / .seconds(1)
        blockSpanCount = configuration.blockSpanCount
        compressionLevel = configuration.compressionLevel
        segmentSpanCountMax = configuration.segmentSpanCountMax
        compactionShare = Double(configuration.compactionPercent) / 100
        retentionAge = configuration.retentionAge.map { $0 / .seconds(1) }
        retentionByteCount = configuration.retentionByteCount
        topology.settleTime = configuration.topologySettleTime / .seconds(1)
        topology.waitingCountMax = configuration.topologyWaitingCountMax
        topology.seriesCountMax = configuration.topologySeriesCountMax
        topology.dayRetention = configuration.topologyRetention / .seconds(1)
        sampling = SamplingRules(configuration.sampling)
        journal = JournalOptions(
            syncMode: JournalSyncMode(configuration.journalSync),
            queuedByteCountMax: configuration.journalQueueByteCountMax,
            partByteCountMax: configuration.journalPartByteCountMax)
    }
}

extension JournalSyncMode {
    init(_ sync: Configuration.JournalSync) {
        switch sync {
        case .always: self = .always
        case .never: self = .never
        case .interval(let duration): self = .interval(milliseconds: max(1, Int(duration / .milliseconds(1))))
        }
    }
}

extension SpanLimits {
    init(_ configuration: Configuration) {
        self.init(
            spanCountMax: configuration.spansPerRequestMax, attributeCountMax: configuration.attributesPerSpanMax,
            valueByteCountMax: configuration.valueByteCountMax)
    }
}

extension HTTPServerLimits {
    init(_ configuration: Configuration) {
        self.init()
        bodyByteCountMax = configuration.bodyByteCountMax
        unpackedByteCountMax = configuration.unpackedByteCountMax
        headerByteCountMax = configuration.headerByteCountMax
        connectionCountMax = configuration.connectionCountMax
        idleTimeout = configuration.idleTimeout
        requestTimeout = configuration.requestTimeout
    }
}

extension HTTPServerGroup.Configuration {
    init(_ configuration: Configuration) {
        self.init()
        eventLoopCount = configuration.eventLoopCount == 0 ? nil : configuration.eventLoopCount
        workerThreadCount = configuration.queryThreadCount
        waitingRequestCountMax = configuration.waitingQueryCountMax
        inFlightByteCountMax = configuration.inFlightByteCountMax
    }
}
