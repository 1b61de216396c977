"""A job as the spans that a collector of OpenTelemetry gets."""

from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.acceptance.service import Service, make_request
from tests.builders import INDEX_HTML
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.model import Answer, ModelServer

PAGE = Answer(f'<file path="index.html">\n{INDEX_HTML.decode()}</file>\n')


def spans_in(collector: EvaluatorServer) -> dict[str, Span]:
    """By name; of several with the same name the last."""
    found = {}
    for received in collector.requests:
        assert received.path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(received.body).resource_spans:
            found.update({span.name: span for scope in resource.scope_spans for span in scope.spans})
    return found


def attributes(span: Span) -> dict[str, str | int]:
    return {attribute.key: attribute.value.string_value or attribute.value.int_value for attribute in span.attributes}


def test_a_job_is_a_trace_of_its_stages_its_model_calls_and_its_deliveries(tmp_path: Path) -> None:
    with EvaluatorServer() as collector, EvaluatorServer([500]) as evaluator, ModelServer([PAGE]) as model:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.origin,
            "EVALUATION_ALLOWED_ORIGINS": evaluator.origin,
            "LLM_BASE_URL": model.base_url,
            "LLM_MODELS": "test/model",
            "CHROMIUM": "none",
        }
        with Service(tmp_path, **settings) as service:
            request = make_request(brief="Show a private matter.", checks=[], evaluation_url=evaluator.url)
            job_id = service.post(request).json()["job_id"]
            service.finished(job_id)
            evaluator.wait_for(2)
            assert service.terminate() == 0
        spans = spans_in(collector)
        sent = b"".join(received.body for received in collector.requests)

    assert {span.trace_id.hex() for span in spans.values()} == {job_id}
    root = spans.pop("RUN pipeline")
    assert not root.parent_span_id
    assert {span.parent_span_id for span in spans.values()} == {root.span_id}
    assert {"RUN generate", "RUN verify", "RUN commit", "RUN publish", "RUN confirm"} < spans.keys()
    assert attributes(root)["cicd.pipeline.result"] == "success"
    call = attributes(spans["chat test/model"])
    assert (call["gen_ai.usage.input_tokens"], call["gen_ai.usage.output_tokens"]) == (100, 50)
    assert spans["POST evaluator"].kind == Span.SPAN_KIND_CLIENT
    assert all(root.start_time_unix_nano <= span.start_time_unix_nano for span in spans.values())
    assert root.status.code != Status.STATUS_CODE_ERROR
    assert not any(private in sent for private in (b"private matter", b"ada@example.com", b"sum-of-sales"))


def test_a_collector_that_is_not_there_holds_nobody_up(tmp_path: Path) -> None:
    with EvaluatorServer() as gone:
        nobody = gone.origin
    with Service(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=nobody, CHROMIUM="none") as service:
        assert service.post(make_request()).json()["status"] == "succeeded"
        assert service.terminate() == 0
