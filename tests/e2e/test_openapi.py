"""The description of the HTTP API, served; and the app held to it with requests that a tool makes up from it."""

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lineage import openapi
from local.stack import Stack

# Examples and random requests, right and wrong ones. Thousands of systematic ones would take a minute and find the same.
BOUNDED = schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def addresses():
    """A stack of its own: what is made up here would lie in the way of other tests."""
    with Stack() as stack:
        yield stack.addresses


@pytest.fixture(scope="module")
def description(addresses):
    answer = requests.get(f"{addresses.functions}/api/openapi.json", timeout=60)
    assert answer.status_code == 200
    return answer.json()


def test_it_is_served_to_anybody_with_every_route(description):
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == {
        "/lineage",
        "/lineage/requests/{id}",
        "/lineage/explain",
        "/v1/lineage",
        "/v1/lineage/batch",
        "/health",
        "/ready",
        "/openapi.json",
    }

    assert description == openapi.document()


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@pytest.mark.parametrize("path", openapi.document()["paths"])
def test_a_method_that_a_path_does_not_have_never_reaches_the_app(path, addresses):
    described = {method.upper() for method in openapi.document()["paths"][path]}

    for method in METHODS:
        if method not in described:
            answer = requests.request(
                method,
                f"{addresses.functions}/api{path.replace('{id}', 'any')}",
                headers={"x-functions-key": addresses.functionKey},
                timeout=60,
            )
            # Which of the two it is, is the host's choice: that is why neither is described.
            assert answer.status_code in {404, 405}, method


@pytest.mark.timeout(240)
@schemathesis.openapi.from_dict(openapi.document(), config=BOUNDED).parametrize()
@settings(
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_made_up_from_it_gets_a_5xx_or_an_answer_it_does_not_describe(case, addresses):
    answer = case.call(
        base_url=f"{addresses.functions}/api", headers={"x-functions-key": addresses.functionKey}, timeout=60
    )

    case.validate_response(answer, checks=CHECKS)
