import Configuration
import Forwarding
import OpenSearch

// What is told of clusters.

extension OpenSearchOptions {
    /// - Parameter configuration: one that names servers.
    init(_ configuration: Configuration) {
        let login = configuration.clusterLogin
        self.init(urls: configuration.clusterURLs)
        username = login.username
        password = login.password.map { Secret($0) }
        passwordFile = login.passwordPath
        apiKey = login.apiKey.map { Secret($0) }
        apiKeyFile = login.apiKeyPath
        bearerToken = login.bearerToken.map { Secret($0) }
        bearerTokenFile = login.bearerTokenPath
        caFile = configuration.clusterCAPath
        clientCertificateFile = configuration.clusterCertificatePath
        clientKeyFile = configuration.clusterKeyPath
        skipsHostVerification = configuration.skipsClusterVerification
        proxy = configuration.clusterProxy
        compresses = configuration.compressesForCluster
        // Beside those of bulk requests.
        connectionCountMax += configuration.bulkRequestCountMax
        connectTimeout = configuration.clusterConnectTimeout
        requestTimeout = configuration.clusterTimeout
    }
}

extension IndexOptions {
    init(_ configuration: Configuration) {
        self.init()
        if let shape = Shape(rawValue: configuration.documentShape) { self.shape = shape }
        prefix = configuration.indexPrefix
        if let rotation = Rotation(rawValue: configuration.indexRotation) { self.rotation = rotation }
        shardCount = configuration.shardCount
        replicaCount = configuration.replicaCount
        installsTemplates = configuration.installsTemplates
        fieldAttributes = configuration.fieldAttributes
    }
}

extension ForwardingOptions {
    init(_ destination: Configuration.Destination) {
        let configuration = destination.configuration
        self.init(name: destination.name, cluster: OpenSearchOptions(configuration))
        index = IndexOptions(configuration)
        filter.serviceNames = configuration.forwardedServices
        filter.isErrorsOnly = configuration.forwardsErrorsOnly
        filter.droppedAttributes = configuration.droppedAttributes
        filter.hashedAttributes = configuration.hashedAttributes
        bulkByteCountMax = configuration.bulkByteCountMax
        bulkDocumentCountMax = configuration.bulkDocumentCountMax
        requestCountMax = configuration.bulkRequestCountMax
        backoffMin = configuration.bulkBackoff.lowerBound
        backoffMax = configuration.bulkBackoff.upperBound
        holdsRetention = configuration.forwardingHoldsRetention
        dependenciesInterval = configuration.dependenciesInterval
        takesStored = !configuration.forwardingBeginsWithNew
        deadLetterByteCountMax = configuration.deadLetterByteCountMax
    }
}
