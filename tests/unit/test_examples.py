"""Examples that cannot run here are at least what their tools and the app expect."""

import json
import re
from pathlib import Path

import pytest

from lineage.envelope import read_payload
from lineage.request import read_request
from tests.unit.infra import bicep

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PIPELINES = sorted((EXAMPLES / "data-factory").glob("*.json"))


def read(name):
    return json.loads((EXAMPLES / name).read_text("utf-8"))


def activity_of(name):
    (activity,) = read(name)["properties"]["activities"]
    return activity


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_a_pipelines_request_is_one(path):
    parameters = json.loads(path.read_text("utf-8"))["properties"].get("parameters", {})

    for parameter in parameters.values():
        read_request(parameter["defaultValue"])


def test_the_pipeline_signs_in_to_storage_and_says_what_its_api_asks_for():
    settings = activity_of("data-factory/queue.json")["typeProperties"]

    assert settings["authentication"] == {"type": "MSI", "resource": "https://storage.azure.com/"}
    assert {"x-ms-version", "x-ms-date"} <= settings["headers"].keys()
    assert settings["url"].split("?")[0].endswith("/lineage/messages")


def test_the_pipelines_function_is_a_route_of_the_app():
    activity = activity_of("data-factory/http.json")
    routes = re.findall(
        r'@app\.route\("([^"]+)", methods=\["POST"\]\)', (ROOT / "function_app.py").read_text()
    )

    assert activity["typeProperties"]["functionName"] in routes
    assert activity["linkedServiceName"]["referenceName"] == read("data-factory/linked-service.json")["name"]


def test_the_event_that_event_grid_delivers_carries_a_request():
    read_request(read_payload(json.dumps(read("event-grid/event.json")).encode()))


def test_event_grid_takes_and_delivers_cloud_events_with_the_least_role():
    template = (EXAMPLES / "event-grid" / "subscription.bicep").read_text("utf-8")

    assert "inputSchema: 'CloudEventSchemaV1_0'" in template
    assert "eventDeliverySchema: 'CloudEventSchemaV1_0'" in template
    assert roles()["storageQueueDataMessageSender"] in template
    assert "endpointType: 'StorageQueue'" in template


def test_the_template_is_bicep():
    assert not bicep.parse(EXAMPLES / "event-grid" / "subscription.bicep").has_error


def test_the_readme_shows_the_openlineage_example_as_it_is():
    without_comment = (EXAMPLES / "openlineage.yml").read_text("utf-8").split("\n", 1)[1]

    assert f"```yaml\n{without_comment}```" in (ROOT / "README.md").read_text("utf-8")


def roles():
    return json.loads((ROOT / "infra" / "role-definitions.json").read_text("utf-8"))


def test_every_example_is_in_the_list():
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    files = [path.relative_to(EXAMPLES) for path in EXAMPLES.rglob("*") if path.is_file()]

    ours = [path for path in files if path.suffix not in {".md", ".toml", ".pyc"}]
    by_itself_or_with_its_folder = [
        path for path in ours if any(f"({part.as_posix()})" in listed for part in (path, *path.parents))
    ]
    assert [path for path in ours if path not in by_itself_or_with_its_folder] == []
