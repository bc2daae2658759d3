/// What the gRPC services and their messages are, for clients that ask a listener by reflection: encoded
/// `google.protobuf.FileDescriptorSet`s, made of the .proto files in `grpc/` by `grpc/generate`.
public enum GRPCDescriptors {
    /// `jaeger.api_v2.QueryService` and `jaeger.api_v3.QueryService`.
    public static let jaegerQuery: [UInt8] = PackageResources.jaeger_query_bin
    /// `jaeger.storage.v2.TraceReader` and `DependencyReader`, and the `TraceService` by which spans get in.
    public static let jaegerStorage: [UInt8] = PackageResources.jaeger_storage_bin
    /// `jaeger.api_v2.SamplingManager`.
    public static let jaegerSampling: [UInt8] = PackageResources.jaeger_sampling_bin
}
