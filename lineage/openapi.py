"""
The HTTP API as OpenAPI 3.1: one `Operation` for each route of `function_app.py`, schemas from the models.

Problems come from the tree of errors: a status is described by the errors that are answered with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from lineage import __version__
from lineage.around import DEEPEST, DEPTH, Direction
from lineage.errors import LineageError
from lineage.explain import Explanation
from lineage.graph import Graph
from lineage.health import Check
from lineage.http import PROBLEM_TYPE, RETRIABLE
from lineage.intake import Processed, Taken
from lineage.outcomes import Outcome, Record
from lineage.request import BATCH_LIMIT, GUID, NAME_LIMIT, json_schema

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/"
EVENT_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
BODY = "plain JSON or gzip of it, by itself or as the data of a CloudEvent"
ANSWERED = (Outcome, Record, Explanation, Graph, Taken, Processed)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a status means, with the schema of its body if it has one."""

    description: str
    schema: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self, media_type: str = "application/json") -> Json:
        headers = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in self.headers.items()
        }
        return {
            "description": self.description,
            **({"headers": headers} if headers else {}),
            **({"content": {media_type: {"schema": self.schema}}} if self.schema else {}),
        }


@dataclass(frozen=True, slots=True)
class Operation:
    """A route with one of its methods. `problems` are the statuses of the errors it may answer with."""

    function: str
    method: str
    path: str
    summary: str
    answers: Mapping[int, Answer]
    problems: Sequence[int] = ()
    parameters: Sequence[Json] = ()
    body: Json | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    anonymous: bool = False

    def to_json(self) -> Json:
        responses = {str(status): answer.to_json() for status, answer in self.answers.items()}
        if not self.anonymous:
            responses["401"] = Answer("the function key is missing or wrong").to_json()
        for status in self.problems:
            responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
        return {
            "operationId": f"{self.function}{'' if self.method != 'head' else 'Head'}",
            "summary": self.summary,
            **({"parameters": list(self.parameters)} if self.parameters else {}),
            **({"requestBody": self._body()} if self.body else {}),
            "responses": dict(sorted(responses.items())),
            **({"security": []} if self.anonymous else {}),
        }

    def _body(self) -> Json:
        examples = {name: {"value": value} for name, value in self.examples.items()}
        media_type = {"schema": self.body, **({"examples": examples} if examples else {})}
        return {"required": True, "description": BODY, "content": {"application/json": media_type}}


def _ref(name: str) -> Json:
    return {"$ref": f"{SCHEMAS}{name}"}


def _in_query(name: str, description: str, **schema: Any) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


LOOK_AROUND = (
    _in_query("guid", "of a dataset or process", type="string", pattern=GUID),
    _in_query("typeName", "instead of the guid, with `qualifiedName`", type="string", maxLength=255),
    _in_query("qualifiedName", "instead of the guid, with `typeName`", type="string", maxLength=NAME_LIMIT),
    _in_query("direction", "which way to look", enum=list(Direction), default=Direction.BOTH),
    _in_query("depth", "how many steps away", type="integer", minimum=1, maximum=DEEPEST, default=DEPTH),
)
PREFER: Json = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async` puts the request on the queue instead (RFC 7240)",
    "schema": {"type": "string"},
}
REQUEST_ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "the request's own id or the one it was given; of an OpenLineage event its runId, or the "
    "`namespace/name` of the job or dataset it declares",
    "schema": {"type": "string", "minLength": 1},
}
WITH_STATUS_AND_CHECKS: Json = {
    "type": "object",
    "required": ["status", "checks"],
    "properties": {"status": {"type": "string"}, "checks": {"type": "array", "items": _ref("Check")}},
}
TAKEN_LATER = {
    "Location": "where its outcome will be",
    "Preference-Applied": "`respond-async`",
}
BY_GUID: Json = {
    "source": "0e2f6f0e-0000-4000-8000-000000000001",
    "target": "0e2f6f0e-0000-4000-8000-000000000002",
}
BY_NAME: Json = {
    "inputs": ["mssql://sales.database.windows.net/shop/dbo/orders"],
    "outputs": ["https://lake.dfs.core.windows.net/silver/orders"],
    "process": {"name": "load_orders", "namespace": "adf://contoso-factory"},
    "columns": [{"source": "order_id", "target": "id"}],
    "onMissing": "create",
}
EVENT: Json = {
    "eventType": "COMPLETE",
    "eventTime": "2026-05-01T12:30:00Z",
    "producer": "https://github.com/apache/airflow",
    "schemaURL": f"{EVENT_SPEC}#/$defs/RunEvent",
    "run": {"runId": "0197a7b0-0000-7000-8000-000000000000"},
    "job": {"namespace": "airflow", "name": "load_orders"},
    "inputs": [{"namespace": "mssql://sales.database.windows.net", "name": "shop.dbo.orders"}],
    "outputs": [{"namespace": "abfss://silver@lake.dfs.core.windows.net", "name": "/orders"}],
}
BATCH_TAKEN = Answer("every event was taken")
BATCH_PARTLY_TAKEN = Answer("some events were not taken; the others were", _ref("Processed"))

OPERATIONS = (
    Operation(
        "ApplyLineage",
        "post",
        "/lineage",
        "Writes lineage now and answers with what was written",
        {
            200: Answer("what was written", _ref("Outcome")),
            202: Answer("it is on the queue", _ref("Accepted"), TAKEN_LATER),
        },
        problems=(400, 413, 422, 500, 502, 503),
        parameters=(PREFER,),
        body=_ref("LineageRequest"),
        examples={"by guid": BY_GUID, "by name": BY_NAME},
    ),
    Operation(
        "LookAround",
        "get",
        "/lineage",
        "The lineage around a dataset or process: give its guid, or its typeName with its qualifiedName",
        {200: Answer("what was found, and how it hangs together", _ref("Graph"))},
        problems=(400, 404, 422, 500, 502, 503),
        parameters=LOOK_AROUND,
    ),
    Operation(
        "LineageRequest",
        "get",
        "/lineage/requests/{id}",
        "What became of a request",
        {200: Answer("what became of it so far", _ref("Record"))},
        problems=(404, 500, 503),
        parameters=(REQUEST_ID,),
    ),
    Operation(
        "ExplainLineage",
        "post",
        "/lineage/explain",
        "What a request or an OpenLineage event would do, and why; writes nothing",
        {200: Answer("each name, and the calls that would be made", _ref("Explanation"))},
        problems=(400, 413, 422, 500, 502, 503),
        body={"anyOf": [_ref("LineageRequest"), _ref("OpenLineageEvent")]},
        examples={"request": BY_NAME, "event": EVENT},
    ),
    Operation(
        "OpenLineage",
        "post",
        "/v1/lineage",
        "Takes an OpenLineage event, or several in an array",
        {
            200: Answer("it was taken", {"anyOf": [_ref("Taken"), _ref("Processed")]}),
            204: BATCH_TAKEN,
        },
        problems=(400, 413, 500, 503),
        body={"anyOf": [_ref("OpenLineageEvent"), _ref("OpenLineageBatch")]},
        examples={"event": EVENT},
    ),
    Operation(
        "OpenLineageBatch",
        "post",
        "/v1/lineage/batch",
        "Takes OpenLineage events",
        {200: BATCH_PARTLY_TAKEN, 204: BATCH_TAKEN},
        problems=(400, 413, 500, 503),
        body=_ref("OpenLineageBatch"),
        examples={"two events": [{**EVENT, "eventType": "START"}, EVENT]},
    ),
    *(
        Operation(
            "Health",
            method,
            "/health",
            "The process is up",
            {200: Answer("it is", _ref("Health") if method == "get" else None)},
            anonymous=True,
        )
        for method in ("get", "head")
    ),
    Operation(
        "Ready",
        "get",
        "/ready",
        "Whether everything the app needs is in order, and what to do about what is not",
        {
            200: Answer("it can work", WITH_STATUS_AND_CHECKS),
            503: Answer("it cannot", WITH_STATUS_AND_CHECKS),
        },
    ),
    Operation(
        "OpenApi",
        "get",
        "/openapi.json",
        "This description",
        {200: Answer("OpenAPI 3.1", {"type": "object"})},
        anonymous=True,
    ),
)


@cache
def document() -> Json:
    """The description, made at the first use."""
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation.to_json()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Purview lineage",
            "version": __version__,
            "summary": "Writes lineage to Microsoft Purview's Data Map, and takes OpenLineage events.",
            "description": "Methods that a path does not have are the host's to refuse: with 404 or 405, and no problem.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api"}],
        "security": [{"header": []}, {"query": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "header": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
                "query": {"type": "apiKey", "in": "query", "name": "code"},
            },
            "responses": dict(_problem_responses()),
            "schemas": dict(sorted(_schemas().items())),
        },
    }


def _problem_responses() -> Iterator[tuple[str, Json]]:
    """One for each status, with the kinds of problem that it is the answer to."""
    errors = sorted(_errors(LineageError), key=lambda error: error.code)
    for status in sorted({status for operation in OPERATIONS for status in operation.problems}):
        kinds = [f"`{error.code}`: {error.title}" for error in errors if error.status == status]
        headers = {"Retry-After": "seconds"} if status in RETRIABLE else {}
        description = "; ".join(dict.fromkeys(kinds)) or "a bug: `detail` says where to look for it"
        yield (
            f"Problem{status}",
            Answer(description, _ref("Problem"), headers).to_json("application/problem+json"),
        )


def _errors(error: type[LineageError]) -> Iterator[type[LineageError]]:
    """The errors that have a status: the tree's inner nodes are answered by none."""
    if hasattr(error, "status"):
        yield error
    for kind in error.__subclasses__():
        yield from _errors(kind)


def _schemas() -> Json:
    _, answered = models_json_schema(
        [(model, "serialization") for model in ANSWERED], ref_template=SCHEMAS + "{model}"
    )
    request = _lifted(json_schema())
    definitions = request.pop("$defs")
    del request["$schema"]
    check = TypeAdapter(Check).json_schema(mode="serialization")
    return {
        **answered["$defs"],
        **definitions,
        "LineageRequest": request,
        "Check": {**check, "required": ["name", "ok"]},
        **_written_by_hand(),
    }


def _lifted(schema: Any) -> Any:
    """A schema whose references point to where OpenAPI keeps definitions."""
    if isinstance(schema, dict):
        return {key: _lifted(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_lifted(value) for value in schema]
    return schema.replace("#/$defs/", SCHEMAS) if isinstance(schema, str) else schema


def _written_by_hand() -> Json:
    name = {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT, "pattern": r"\S"}
    named = _object(["namespace", "name"], namespace=name, name=name, facets={"type": ["object", "null"]})
    datasets = {"type": ["array", "null"], "items": named}
    mistake = _object(["path", "message"], path={"type": "string"}, message={"type": "string"})
    run = _object(["runId"], runId={"type": "string", "minLength": 1, "maxLength": 512, "pattern": r"\S"})
    return {
        "Accepted": _object(["id", "status"], id={"type": "string"}, status={"const": "queued"}),
        "Health": _object(["status"], status={"const": "ok"}),
        "OpenLineageBatch": {"type": "array", "maxItems": BATCH_LIMIT, "items": _ref("OpenLineageEvent")},
        "OpenLineageEvent": {
            **_object(
                ["eventTime"],
                eventTime={"type": "string", "format": "date-time"},
                eventType={"type": ["string", "null"]},
                run=run,
                job=named,
                dataset=named,
                inputs=datasets,
                outputs=datasets,
                producer={"type": "string"},
                schemaURL={"type": "string"},
            ),
            "anyOf": [{"required": ["job"]}, {"required": ["dataset"]}],
            "description": "what is needed of a RunEvent, JobEvent or DatasetEvent",
            "externalDocs": {"url": EVENT_SPEC},
        },
        "Problem": {
            **_object(
                ["type", "title", "status", "detail"],
                type={"type": "string", "pattern": f"^{PROBLEM_TYPE}"},
                title={"type": "string"},
                status={"type": "integer"},
                detail={"type": "string"},
                errors={"type": "array", "items": mistake},
                dataMapStatus={"type": "integer"},
                errorCode={"type": "string"},
                requestId={"type": "string"},
                retryAfterSeconds={"type": "number"},
            ),
            "description": "RFC 9457",
        },
    }


def _object(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties}
