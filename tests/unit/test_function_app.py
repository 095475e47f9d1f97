"""The doors: which functions there are, and what starts them."""

import json
from functools import cache

import function_app


@cache  # the library lets an app be asked once
def functions():
    return {
        found.get_function_name(): json.loads(found.get_function_json())
        for found in function_app.app.get_functions()
    }


def trigger(name):
    return next(binding for binding in functions()[name]["bindings"] if binding["type"].endswith("Trigger"))


def test_there_are_exactly_these_functions():
    assert set(functions()) == {
        "ConsumeLineage",
        "ApplyLineage",
        "LookAround",
        "LineageRequest",
        "ExplainLineage",
        "OpenLineage",
        "OpenLineageBatch",
        "ExpireRuns",
        "Health",
        "Ready",
        "OpenApi",
    }


def test_the_queue_trigger_takes_bytes_from_the_queue_that_a_setting_names():
    # As bytes the host neither rejects what is not UTF-8 nor lets the body overwrite the message's own metadata.
    assert trigger("ConsumeLineage") == {
        "type": "queueTrigger",
        "direction": "IN",
        "name": "message",
        "queueName": "%LINEAGE_QUEUE_NAME%",
        "connection": "LineageStorage",
        "dataType": "BINARY",
    }


def test_only_health_and_the_description_can_be_asked_without_a_key():
    routes = {name: trigger(name) for name in functions() if trigger(name)["type"] == "httpTrigger"}

    assert {name: (route["route"], route["authLevel"]) for name, route in routes.items()} == {
        "ApplyLineage": ("lineage", "FUNCTION"),
        "LookAround": ("lineage", "FUNCTION"),
        "LineageRequest": ("lineage/requests/{id}", "FUNCTION"),
        "ExplainLineage": ("lineage/explain", "FUNCTION"),
        "OpenLineage": ("v1/lineage", "FUNCTION"),
        "OpenLineageBatch": ("v1/lineage/batch", "FUNCTION"),
        "Health": ("health", "ANONYMOUS"),
        "Ready": ("ready", "FUNCTION"),
        "OpenApi": ("openapi.json", "ANONYMOUS"),
    }
