"""The description of the HTTP API says what is there: every route, every schema, every status."""

import json
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from lineage import http, openapi
from lineage.around import Query
from lineage.errors import InvalidRequest, Mistake, Unavailable
from lineage.outcomes import Outcome
from tests.unit.test_function_app import functions, trigger


def routes():
    """(function, method, path, whether it needs no key) of every HTTP function."""
    for name in functions():
        door = trigger(name)
        if door["type"] == "httpTrigger":
            for method in door["methods"]:
                yield name, method.lower(), f"/{door['route']}", door["authLevel"] == "ANONYMOUS"


def schema(name):
    return {"$ref": f"#/components/schemas/{name}", "components": openapi.document()["components"]}


def errors(name, value):
    return [error.message for error in Draft202012Validator(schema(name)).iter_errors(value)]


def test_it_is_valid_openapi():
    assert [error.message for error in OpenAPIV31SpecValidator(openapi.document()).iter_errors()] == []


def test_every_http_function_is_described_and_nothing_else():
    described = {(each.function, each.method, each.path, each.anonymous) for each in openapi.OPERATIONS}

    assert described == set(routes())


def test_every_parameter_of_a_look_at_lineage_is_described():
    (look,) = (each for each in openapi.OPERATIONS if each.function == "LookAround")
    fields = {field.alias for field in Query.model_fields.values()}

    assert {parameter["name"] for parameter in look.parameters} == fields
    for parameter in look.parameters:
        if "default" in parameter["schema"]:
            assert getattr(Query(guid=str(uuid4())), parameter["name"]) == parameter["schema"]["default"]


def test_every_schema_and_every_problem_is_used():
    text = json.dumps(openapi.document())

    for kind in ("schemas", "responses"):
        for name in openapi.document()["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name


def test_operations_have_ids_of_their_own():
    ids = [
        operation["operationId"]
        for path in openapi.document()["paths"].values()
        for operation in path.values()
    ]

    assert len(ids) == len(set(ids)) == len(openapi.OPERATIONS)


def test_what_needs_a_key_says_so_and_how_it_is_given():
    document = openapi.document()
    schemes = document["components"]["securitySchemes"]

    assert {(each["in"], each["name"]) for each in schemes.values()} == {
        ("header", "x-functions-key"),
        ("query", "code"),
    }
    assert document["security"] == [{name: []} for name in schemes]
    for operation in openapi.OPERATIONS:
        described = document["paths"][operation.path][operation.method]
        assert ("401" in described["responses"]) is not operation.anonymous
        assert (described.get("security") == []) is operation.anonymous


def test_problems_name_the_errors_of_the_tree():
    responses = openapi.document()["components"]["responses"]

    assert "`invalid-request`" in responses["Problem400"]["description"]
    assert "`dataset-missing`" in responses["Problem422"]["description"]
    assert "Retry-After" in responses["Problem413"]["headers"]
    assert "Retry-After" in responses["Problem503"]["headers"]
    assert "headers" not in responses["Problem400"]


@pytest.mark.parametrize(
    "error",
    [InvalidRequest(Mistake("inputs.0", "no")), Unavailable("down", http_status=503, retry_after=3.0)],
)
def test_problems_are_as_described(error):
    assert errors("Problem", json.loads(http.problem(error).get_body())) == []


def test_answers_are_as_described():
    assert errors("Outcome", json.loads(http.written(Outcome(id="1")).get_body())) == []
    assert errors("Health", {"status": "ok"}) == []
    assert errors("Accepted", {"id": "1", "status": "queued"}) == []


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("LineageRequest", {"source": "a", "target": "b"}, True),
        ("LineageRequest", {"inputs": ["a"], "process": {"name": "x"}}, True),
        ("LineageRequest", {"inputs": [7]}, False),
        (
            "OpenLineageEvent",
            {"eventTime": "2026-05-01T12:00:00Z", "job": {"namespace": "a", "name": "b"}},
            True,
        ),
        ("OpenLineageEvent", {"eventTime": "2026-05-01T12:00:00Z"}, False),
        ("OpenLineageEvent", {"job": {"namespace": "a", "name": "b"}}, False),
    ],
)
def test_bodies_are_as_described(name, value, right):
    assert (errors(name, value) == []) is right


def test_it_is_made_once():
    assert openapi.document() is openapi.document()


@pytest.mark.parametrize(
    ("body", "example"),
    [
        pytest.param(operation.body, example, id=f"{operation.path}: {name}")
        for operation in openapi.OPERATIONS
        for name, example in operation.examples.items()
    ],
)
def test_examples_are_as_described(body, example):
    components = {"components": openapi.document()["components"]}

    assert list(Draft202012Validator({**body, **components}).iter_errors(example)) == []
