"""Files that say the same thing twice, held together."""

import json
import tomllib
from pathlib import Path

from lineage import __version__
from lineage.request import json_schema
from lineage.settings import Settings, Storage
from local import package

ROOT = Path(__file__).parents[2]


def text(name):
    return (ROOT / name).read_text("utf-8")


def project():
    return tomllib.loads(text("pyproject.toml"))["project"]


def test_requirements_txt_says_what_pyproject_says():
    lines = [line for line in text("requirements.txt").splitlines() if line and not line.startswith("#")]

    assert lines == project()["dependencies"]


def test_the_version_is_said_once():
    assert project()["version"] == __version__


def test_the_changelog_has_the_version_and_says_how_to_upgrade():
    assert f"\n## [{__version__}]" in text("CHANGELOG.md")
    assert "\n### Upgrading\n" in text("CHANGELOG.md").split(f"## [{__version__}]")[1]


def test_the_published_json_schema_is_that_of_the_models():
    assert json.loads(text("docs/lineage-request.schema.json")) == json_schema(), "run: make schema"


def test_the_settings_example_knows_every_setting_it_names():
    known = {field.alias for model in (Settings, Storage) for field in model.model_fields.values()}
    hosts_own = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}

    assert set(json.loads(text("local.settings.json.example"))["Values"]) <= known | hosts_own


def test_host_json_lets_the_app_decode_messages_itself_and_says_every_number():
    queues = json.loads(text("host.json"))["extensions"]["queues"]

    assert queues["messageEncoding"] == "none"
    assert set(queues) == {
        "messageEncoding",
        "batchSize",
        "newBatchThreshold",
        "maxDequeueCount",
        "visibilityTimeout",
        "maxPollingInterval",
    }


def test_everything_but_the_app_is_kept_out_of_the_deployment_package():
    packed = {file.parts[:2] for file in package.files()}

    assert {parts[0] for parts in packed} == {"function_app.py", "host.json", "requirements.txt", "lineage"}
    assert ("lineage", "service.py") in packed
    assert ("lineage", "cli") not in packed
