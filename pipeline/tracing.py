"""Traces for OpenTelemetry, made of what the log says: a trace for each job, whose id is the job's.

Names and attributes are those of OpenTelemetry's semantic conventions for CI/CD and for generative AI. As with the
figures, nothing that callers wrote is told.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

EXPORT_SECONDS = 3  # for each try, and so for the last one when the service stops
NANOSECONDS = 1_000_000_000

RESULTS = {"succeeded": "success", "failed": "failure", "cancelled": "cancellation"}

Fields = Mapping[str, Any]


class Traces(logging.Handler):
    """A handler of the log of this process.

    Args:
        endpoint: OTEL_EXPORTER_OTLP_ENDPOINT; other variables of that name's family are read by the exporter itself.
        version: of the service.
    """

    def __init__(self, endpoint: str, version: str) -> None:
        super().__init__(logging.DEBUG)
        self._ids = _Ids()
        resource = Resource.create({"service.name": "code-to-deployment", "service.version": version})
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("pipeline", version)
        self._spans: dict[str, Callable[[Fields], None]] = {
            "job.ended": self._job,
            "job.stage": self._stage,
            "model.answered": self._model_call,
            "delivery.made": self._delivery,
            "delivery.failed": self._delivery,
        }

    def emit(self, record: logging.LogRecord) -> None:
        """Make a span of an event that tells how long it took."""
        if tell := self._spans.get(getattr(record, "action", "")):
            tell(vars(record))

    def close(self) -> None:
        """Send what is left, and end; takes seconds when nobody listens."""
        self._provider.shutdown()
        super().close()

    def _job(self, fields: Fields) -> None:
        self._ids.of_next = fields["job_id"]
        told = {
            "cicd.pipeline.name": fields["target"],
            "cicd.pipeline.run.id": fields["job_id"],
            "cicd.pipeline.result": RESULTS[fields["status"]],
        }
        self._span("RUN pipeline", fields, told, Context(), failed=fields["status"] == "failed")

    def _stage(self, fields: Fields) -> None:
        told = {
            "cicd.pipeline.task.name": fields["stage"],
            "cicd.pipeline.task.run.result": "failure" if "error" in fields else "success",
        }
        self._span(f"RUN {fields['stage']}", fields, told, failed="error" in fields)

    def _model_call(self, fields: Fields) -> None:
        told = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",  # whose protocol all of them speak
            "gen_ai.request.model": fields["asked"],
            "gen_ai.response.model": fields["answered"],
            "gen_ai.response.finish_reasons": [fields["finish"]],
            "gen_ai.usage.input_tokens": fields["prompt_tokens"],
            "gen_ai.usage.output_tokens": fields["completion_tokens"],
        }
        self._span(f"chat {fields['asked']}", fields, told, kind=SpanKind.CLIENT)

    def _delivery(self, fields: Fields) -> None:
        status = fields.get("status")
        told = {"http.request.method": "POST", **({"http.response.status_code": status} if status else {})}
        failed = fields["action"] == "delivery.failed"
        self._span("POST evaluator", fields, told, kind=SpanKind.CLIENT, failed=failed)

    def _span(
        self,
        name: str,
        fields: Fields,
        told: dict[str, Any],
        context: Context | None = None,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        failed: bool = False,
    ) -> None:
        end = int(fields["created"] * NANOSECONDS)
        start = end - int(fields.get("seconds", 0.0) * NANOSECONDS)
        context = _within(fields["job_id"]) if context is None else context
        span = self._tracer.start_span(name, context, kind, told, start_time=start)
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)


class _Ids(RandomIdGenerator):
    """Random ones, but for the span that stands for a job: that is known before it is told, to all within it."""

    of_next = ""

    def generate_span_id(self) -> int:
        job_id, self.of_next = self.of_next, ""
        return _span_id(job_id) if job_id else super().generate_span_id()

    def generate_trace_id(self) -> int:
        return int(self.of_next, 16) if self.of_next else super().generate_trace_id()


def _span_id(job_id: str) -> int:
    return int(job_id[:16], 16) or 1


def _within(job_id: str) -> Context:
    parent = SpanContext(int(job_id, 16), _span_id(job_id), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(parent))
