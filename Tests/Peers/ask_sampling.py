"""Asks for sampling strategies as SDKs do: ask_sampling.py CASE PORT...

grpc PORT... (environment: current): the gRPC client, with stubs through reflection of the first port; prints what each
port says of the services `named` and `other`, as JSON. client SAMPLING_PORT COMPACT_PORT (environment: older):
jaeger-client, which polls the strategy of `python` and sends spans, until the strategy has come that the test waits for.
"""
import json
import sys
import time


def grpc_client(*ports):
    import grpc
    from google.protobuf import descriptor_pool, json_format, message_factory
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    channels = [grpc.insecure_channel("127.0.0.1:" + port) for port in ports]
    database = ProtoReflectionDescriptorDatabase(channels[0])
    service = "jaeger.api_v2.SamplingManager"
    assert service in database.get_services(), database.get_services()
    pool = descriptor_pool.DescriptorPool(database)
    method = pool.FindServiceByName(service).methods_by_name["GetSamplingStrategy"]
    request, answer = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
    answers = []
    for channel in channels:
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        call = channel.unary_unary(
            "/%s/GetSamplingStrategy" % service, request.SerializeToString, answer.FromString)
        answers.append([
            json_format.MessageToDict(call(request(serviceName=name), timeout=20)) for name in ["named", "other"]])
    print(json.dumps(answers))


def jaeger_client(sampling_port, compact_port):
    """The operation `busy` begins far more traces than are wanted, so its probability has to fall; `rare` one."""
    from jaeger_client import Config
    from jaeger_client.sampler import AdaptiveSampler

    tracer = Config(
        config={
            "sampling_refresh_interval": 0.2,
            "local_agent": {"reporting_host": "127.0.0.1", "reporting_port": int(compact_port),
                            "sampling_port": int(sampling_port)}},
        service_name="python", validate=True).new_tracer()
    deadline = time.monotonic() + 40
    rates = {}
    while time.monotonic() < deadline:
        for _ in range(50):
            tracer.start_span("busy").finish()
        time.sleep(0.02)
        sampler = tracer.sampler.sampler
        if isinstance(sampler, AdaptiveSampler):
            if not rates:
                tracer.start_span("rare").finish()
            rates = {name: one.rate for name, one in dict(sampler.samplers).items()}
            if rates.get("busy", 1) < 0.2:
                assert rates["rare"] > 0.5 and abs(sampler.lower_bound - 1 / 60) < 1e-9, (rates, sampler.lower_bound)
                tracer.close()
                return
    raise AssertionError("the strategy never came: %s, %s" % (tracer.sampler.sampler, rates))


{"grpc": grpc_client, "client": jaeger_client}[sys.argv[1]](*sys.argv[2:])
