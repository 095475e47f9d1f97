"""
The doors: a queue message and an HTTP request become calls of the service, and nothing else happens here.

Nothing is read or connected when this module is imported: in Azure an error at import makes every function vanish.
"""

from urllib.parse import unquote

import azure.functions as func

from lineage import around, health, http, intake, openapi
from lineage.delivery import Received
from lineage.errors import LineageError
from lineage.service import consume, service

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.function_name("ConsumeLineage")
@app.queue_trigger(
    arg_name="message",
    queue_name="%LINEAGE_QUEUE_NAME%",
    connection="LineageStorage",
    data_type=func.DataType.BINARY,
)
async def consume_lineage(message: func.QueueMessage, context: func.Context) -> None:
    """Writes the lineage that a queue message asks for."""
    await consume(
        Received(
            body=message.get_body(),
            message_id=message.id or "",
            attempt=message.dequeue_count or 1,
            inserted=message.insertion_time,
            invocation_id=context.invocation_id,
            traceparent=context.trace_context.trace_parent or "",
        )
    )


@app.function_name("ApplyLineage")
@app.route("lineage", methods=["POST"])
async def apply_lineage(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Writes lineage now and answers with what was written; or queues it, if the caller prefers not to wait."""

    async def response() -> func.HttpResponse:
        payload = await http.payload(req)
        if http.wants_to_wait(req):
            return http.written(await service().apply_now(payload))
        return http.accepted(await service().enqueue(payload), req)

    return await http.answer(response(), context)


@app.function_name("LookAround")
@app.route("lineage", methods=["GET"])
async def look_around(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The lineage around a dataset."""

    async def response() -> func.HttpResponse:
        graph = await service().look_around(around.read_query(req.params))
        return http.json_response(graph.to_json())

    return await http.answer(response(), context)


@app.function_name("LineageRequest")
@app.route("lineage/requests/{id}", methods=["GET"])
async def get_request(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What became of a request."""

    async def response() -> func.HttpResponse:
        request_id = unquote(req.route_params["id"])
        return http.found(await service().outcomes.find(request_id), request_id)

    return await http.answer(response(), context)


@app.function_name("ExplainLineage")
@app.route("lineage/explain", methods=["POST"])
async def explain_lineage(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What a request or an OpenLineage event would do, and why. Writes nothing."""

    async def response() -> func.HttpResponse:
        ready = service()
        explanation = await ready.explain(await http.payload(req))
        return http.json_response(explanation.to_json())

    return await http.answer(response(), context)


@app.function_name("OpenLineage")
@app.route("v1/lineage", methods=["POST"])
async def take_event(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """OpenLineage's HTTP transport: one event."""

    async def response() -> func.HttpResponse:
        ready = service()
        return await intake.take(ready, await http.understood(req, intake.understand))

    return await http.answer(response(), context)


@app.function_name("OpenLineageBatch")
@app.route("v1/lineage/batch", methods=["POST"])
async def take_events(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """OpenLineage's HTTP transport: several events."""

    async def response() -> func.HttpResponse:
        ready = service()
        return await intake.take(ready, await http.understood(req, intake.understand_batch))

    return await http.answer(response(), context)


@app.function_name("ExpireRuns")
@app.timer_trigger(arg_name="timer", schedule="0 17 3 * * *")
async def expire_runs(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the runtime passes it
    """Forgets OpenLineage runs that are long over, once a day."""
    await service().expire_runs()


@app.function_name("Health")
@app.route("health", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the runtime passes it
    """The process is up."""
    return http.json_response({"status": "ok"})


@app.function_name("Ready")
@app.route("ready", methods=["GET"])
async def get_ready(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the runtime passes it
    """Whether identity, Data Map and queues are in order, and what to do about those that are not."""
    try:
        checks = await health.check(service())
    except LineageError as error:
        checks = health.unconfigured(error)
    return http.readiness(checks)


@app.function_name("OpenApi")
@app.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_openapi(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the runtime passes it
    """The HTTP API, described."""
    return http.json_response(openapi.document())
