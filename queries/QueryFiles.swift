/// One SQL statement that the program runs: a file of `queries/sql`.
///
/// What it is for, its parameters and its columns stand at its head; its callers and its plan in `queries/README.md`.
public struct QueryFile: Hashable, Sendable {
    /// The file's name, without its folder.
    public let name: String
    public let sql: String

    private init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        sql = String(decoding: bytes, as: UTF8.self)
    }
}

extension QueryFile {
    public static let attributeKeyCount = QueryFile("attribute_key_count.sql", PackageResources.attribute_key_count_sql)
    public static let attributeKeyDeleteRange = QueryFile(
        "attribute_key_delete_range.sql", PackageResources.attribute_key_delete_range_sql)
    public static let attributeKeyFind = QueryFile("attribute_key_find.sql", PackageResources.attribute_key_find_sql)
    public static let attributeKeyIDs = QueryFile("attribute_key_ids.sql", PackageResources.attribute_key_ids_sql)
    public static let attributeKeyInsert = QueryFile(
        "attribute_key_insert.sql", PackageResources.attribute_key_insert_sql)
    public static let attributeKeys = QueryFile("attribute_keys.sql", PackageResources.attribute_keys_sql)
    public static let attributeKeysClear = QueryFile(
        "attribute_keys_clear.sql", PackageResources.attribute_keys_clear_sql)
    public static let checkForwardPending = QueryFile(
        "check_forward_pending.sql", PackageResources.check_forward_pending_sql)
    public static let checkSegmentIDs = QueryFile("check_segment_ids.sql", PackageResources.check_segment_ids_sql)
    public static let checkSegmentsOverCounted = QueryFile(
        "check_segments_over_counted.sql", PackageResources.check_segments_over_counted_sql)
    public static let checkSegmentsWithoutNames = QueryFile(
        "check_segments_without_names.sql", PackageResources.check_segments_without_names_sql)
    public static let checkServicesWithoutSegments = QueryFile(
        "check_services_without_segments.sql", PackageResources.check_services_without_segments_sql)
    public static let checkTopologyBuckets = QueryFile(
        "check_topology_buckets.sql", PackageResources.check_topology_buckets_sql)
    public static let checkTopologySeries = QueryFile(
        "check_topology_series.sql", PackageResources.check_topology_series_sql)
    public static let checkTopologyValues = QueryFile(
        "check_topology_values.sql", PackageResources.check_topology_values_sql)
    public static let forwardCalls = QueryFile("forward_calls.sql", PackageResources.forward_calls_sql)
    public static let forwardCallsDelete = QueryFile(
        "forward_calls_delete.sql", PackageResources.forward_calls_delete_sql)
    public static let forwardCallsPut = QueryFile("forward_calls_put.sql", PackageResources.forward_calls_put_sql)
    public static let forwardCallsSent = QueryFile("forward_calls_sent.sql", PackageResources.forward_calls_sent_sql)
    public static let forwardDestinationDelete = QueryFile(
        "forward_destination_delete.sql", PackageResources.forward_destination_delete_sql)
    public static let forwardDestinationInsert = QueryFile(
        "forward_destination_insert.sql", PackageResources.forward_destination_insert_sql)
    public static let forwardDestinations = QueryFile(
        "forward_destinations.sql", PackageResources.forward_destinations_sql)
    public static let forwardPending = QueryFile("forward_pending.sql", PackageResources.forward_pending_sql)
    public static let forwardPendingDelete = QueryFile(
        "forward_pending_delete.sql", PackageResources.forward_pending_delete_sql)
    public static let forwardPendingInsert = QueryFile(
        "forward_pending_insert.sql", PackageResources.forward_pending_insert_sql)
    public static let forwardPendingInsertAll = QueryFile(
        "forward_pending_insert_all.sql", PackageResources.forward_pending_insert_all_sql)
    public static let forwardPendingOfSegment = QueryFile(
        "forward_pending_of_segment.sql", PackageResources.forward_pending_of_segment_sql)
    public static let forwardPendingSet = QueryFile("forward_pending_set.sql", PackageResources.forward_pending_set_sql)
    public static let operationCount = QueryFile("operation_count.sql", PackageResources.operation_count_sql)
    public static let operationCountOfService = QueryFile(
        "operation_count_of_service.sql", PackageResources.operation_count_of_service_sql)
    public static let operationDeleteRange = QueryFile(
        "operation_delete_range.sql", PackageResources.operation_delete_range_sql)
    public static let operationFind = QueryFile("operation_find.sql", PackageResources.operation_find_sql)
    public static let operationIDs = QueryFile("operation_ids.sql", PackageResources.operation_ids_sql)
    public static let operationInsert = QueryFile("operation_insert.sql", PackageResources.operation_insert_sql)
    public static let operationNamesOfService = QueryFile(
        "operation_names_of_service.sql", PackageResources.operation_names_of_service_sql)
    public static let operationsOfService = QueryFile(
        "operations_of_service.sql", PackageResources.operations_of_service_sql)
    public static let remoteServiceCount = QueryFile(
        "remote_service_count.sql", PackageResources.remote_service_count_sql)
    public static let remoteServiceCountOfService = QueryFile(
        "remote_service_count_of_service.sql", PackageResources.remote_service_count_of_service_sql)
    public static let remoteServiceDeleteRange = QueryFile(
        "remote_service_delete_range.sql", PackageResources.remote_service_delete_range_sql)
    public static let remoteServiceFind = QueryFile("remote_service_find.sql", PackageResources.remote_service_find_sql)
    public static let remoteServiceIDs = QueryFile("remote_service_ids.sql", PackageResources.remote_service_ids_sql)
    public static let remoteServiceInsert = QueryFile(
        "remote_service_insert.sql", PackageResources.remote_service_insert_sql)
    public static let remoteServicesOfService = QueryFile(
        "remote_services_of_service.sql", PackageResources.remote_services_of_service_sql)
    public static let samplingDecisions = QueryFile("sampling_decisions.sql", PackageResources.sampling_decisions_sql)
    public static let samplingDecisionsDelete = QueryFile(
        "sampling_decisions_delete.sql", PackageResources.sampling_decisions_delete_sql)
    public static let samplingDecisionsInsert = QueryFile(
        "sampling_decisions_insert.sql", PackageResources.sampling_decisions_insert_sql)
    public static let segmentDelete = QueryFile("segment_delete.sql", PackageResources.segment_delete_sql)
    public static let segmentInsert = QueryFile("segment_insert.sql", PackageResources.segment_insert_sql)
    public static let segmentNamesFind = QueryFile("segment_names_find.sql", PackageResources.segment_names_find_sql)
    public static let segmentNamesInsert = QueryFile(
        "segment_names_insert.sql", PackageResources.segment_names_insert_sql)
    public static let segmentNamesNewestFirst = QueryFile(
        "segment_names_newest_first.sql", PackageResources.segment_names_newest_first_sql)
    public static let segmentServiceInsert = QueryFile(
        "segment_service_insert.sql", PackageResources.segment_service_insert_sql)
    public static let segments = QueryFile("segments.sql", PackageResources.segments_sql)
    public static let segmentsClear = QueryFile("segments_clear.sql", PackageResources.segments_clear_sql)
    public static let segmentsInWindow = QueryFile("segments_in_window.sql", PackageResources.segments_in_window_sql)
    public static let segmentsOfServiceInWindow = QueryFile(
        "segments_of_service_in_window.sql", PackageResources.segments_of_service_in_window_sql)
    public static let segmentsWithUnlistedServices = QueryFile(
        "segments_with_unlisted_services.sql", PackageResources.segments_with_unlisted_services_sql)
    public static let serviceCount = QueryFile("service_count.sql", PackageResources.service_count_sql)
    public static let serviceDeleteUnused = QueryFile(
        "service_delete_unused.sql", PackageResources.service_delete_unused_sql)
    public static let serviceFind = QueryFile("service_find.sql", PackageResources.service_find_sql)
    public static let serviceInsert = QueryFile("service_insert.sql", PackageResources.service_insert_sql)
    public static let serviceNames = QueryFile("service_names.sql", PackageResources.service_names_sql)
    public static let servicesClear = QueryFile("services_clear.sql", PackageResources.services_clear_sql)
    public static let servicesOfSegment = QueryFile("services_of_segment.sql", PackageResources.services_of_segment_sql)
    public static let stateGet = QueryFile("state_get.sql", PackageResources.state_get_sql)
    public static let stateRaise = QueryFile("state_raise.sql", PackageResources.state_raise_sql)
    public static let stateSet = QueryFile("state_set.sql", PackageResources.state_set_sql)
    public static let topologyBucketFind = QueryFile(
        "topology_bucket_find.sql", PackageResources.topology_bucket_find_sql)
    public static let topologyBucketPut = QueryFile("topology_bucket_put.sql", PackageResources.topology_bucket_put_sql)
    public static let topologyBucketStarts = QueryFile(
        "topology_bucket_starts.sql", PackageResources.topology_bucket_starts_sql)
    public static let topologyBucketsDelete = QueryFile(
        "topology_buckets_delete.sql", PackageResources.topology_buckets_delete_sql)
    public static let topologyBucketsInWindow = QueryFile(
        "topology_buckets_in_window.sql", PackageResources.topology_buckets_in_window_sql)
    public static let topologyLevelRaise = QueryFile(
        "topology_level_raise.sql", PackageResources.topology_level_raise_sql)
    public static let topologyLevels = QueryFile("topology_levels.sql", PackageResources.topology_levels_sql)
    public static let topologySeries = QueryFile("topology_series.sql", PackageResources.topology_series_sql)
    public static let topologySeriesDelete = QueryFile(
        "topology_series_delete.sql", PackageResources.topology_series_delete_sql)
    public static let topologySeriesInsert = QueryFile(
        "topology_series_insert.sql", PackageResources.topology_series_insert_sql)
    public static let topologyWaiting = QueryFile("topology_waiting.sql", PackageResources.topology_waiting_sql)
    public static let topologyWaitingClear = QueryFile(
        "topology_waiting_clear.sql", PackageResources.topology_waiting_clear_sql)
    public static let topologyWaitingInsert = QueryFile(
        "topology_waiting_insert.sql", PackageResources.topology_waiting_insert_sql)
    public static let unlistedCounts = QueryFile("unlisted_counts.sql", PackageResources.unlisted_counts_sql)

    /// Every query, by file name.
    public static let all: [QueryFile] = [
        .attributeKeyCount, .attributeKeyDeleteRange, .attributeKeyFind, .attributeKeyIDs, .attributeKeyInsert,
        .attributeKeys, .attributeKeysClear, .checkForwardPending, .checkSegmentIDs, .checkSegmentsOverCounted,
        .checkSegmentsWithoutNames, .checkServicesWithoutSegments, .checkTopologyBuckets, .checkTopologySeries,
        .checkTopologyValues, .forwardCalls, .forwardCallsDelete, .forwardCallsPut, .forwardCallsSent,
        .forwardDestinationDelete, .forwardDestinationInsert, .forwardDestinations, .forwardPending,
        .forwardPendingDelete, .forwardPendingInsert, .forwardPendingInsertAll, .forwardPendingOfSegment,
        .forwardPendingSet, .operationCount, .operationCountOfService, .operationDeleteRange, .operationFind,
        .operationIDs, .operationInsert, .operationNamesOfService, .operationsOfService, .remoteServiceCount,
        .remoteServiceCountOfService, .remoteServiceDeleteRange, .remoteServiceFind, .remoteServiceIDs,
        .remoteServiceInsert, .remoteServicesOfService, .samplingDecisions, .samplingDecisionsDelete,
        .samplingDecisionsInsert, .segmentDelete, .segmentInsert, .segmentNamesFind, .segmentNamesInsert,
        .segmentNamesNewestFirst, .segmentServiceInsert, .segments, .segmentsClear,
        .segmentsInWindow, .segmentsOfServiceInWindow, .segmentsWithUnlistedServices, .serviceCount,
        .serviceDeleteUnused, .serviceFind, .serviceInsert, .serviceNames, .servicesClear, .servicesOfSegment,
        .stateGet, .stateRaise, .stateSet, .topologyBucketFind, .topologyBucketPut, .topologyBucketStarts,
        .topologyBucketsDelete, .topologyBucketsInWindow, .topologyLevelRaise, .topologyLevels, .topologySeries,
        .topologySeriesDelete, .topologySeriesInsert, .topologyWaiting, .topologyWaitingClear, .topologyWaitingInsert,
        .unlistedCounts,
    ]
}
