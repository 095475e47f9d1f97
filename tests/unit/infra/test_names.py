"""Names that both the templates and the code know."""

import re

from lineage import account, outcomes, runs
from lineage.delivery import poison_queue
from lineage.sender import QUEUE
from lineage.settings import QUEUE_NAME
from tests.unit.infra.bicep import INFRA, ROOT, one

MAIN = INFRA / "main.bicep"


def made_for_each(template, resource):
    """What the loop of a resource goes over, as it is written."""
    text = (INFRA / template).read_text("utf-8")
    (names,) = re.findall(rf"^resource {resource} [^\n]+= \[\n  for each in \[(.+)\]: ", text, re.MULTILINE)
    return [name.strip("'") for name in names.split(", ")]


def test_the_queue_is_the_one_that_pipelines_send_to_by_default():
    queue = one("parameter", "queueName", MAIN)

    assert queue.value == QUEUE
    for limit in ("minLength", "maxLength"):
        assert QUEUE_NAME.match("q" * queue.decorators[limit])
    assert not QUEUE_NAME.match("q" * (queue.decorators["minLength"] - 1))
    assert not QUEUE_NAME.match("q" * (queue.decorators["maxLength"] + 1))


def test_the_queue_and_its_poison_queue_are_made_and_the_app_may_use_both():
    both = ["queueName", poison_queue("${queueName}")]

    assert made_for_each("storage.bicep", "queue") == both
    for roles in ("app-roles.bicep", "operator-roles.bicep"):
        assert f"in [{both[0]}, '{both[1]}']" in (INFRA / roles).read_text("utf-8")


def test_tables_are_those_that_the_code_writes_to():
    assert made_for_each("storage.bicep", "tables") == sorted([outcomes.TABLE, runs.TABLE])
    operators = (INFRA / "operator-roles.bicep").read_text("utf-8")
    assert f"in ['{outcomes.TABLE}', '{runs.TABLE}']" in operators


def test_the_container_for_payloads_is_the_one_that_the_code_writes_to():
    assert made_for_each("storage.bicep", "containers") == ["packageContainer", account.CONTAINER]
    assert f"/default/{account.CONTAINER}'" in (INFRA / "operator-roles.bicep").read_text("utf-8")


def test_the_package_is_kept_where_the_app_looks_for_it():
    storage = INFRA / "storage.bicep"

    assert one("output", "packageContainerUrl", storage).value.endswith("${packageContainer}'")
    assert (
        one("module", "functionApp", MAIN).value["params"]["packageContainerUrl"]
        == "storage.outputs.packageContainerUrl"
    )


def test_instances_that_always_wait_wait_for_the_queue_trigger():
    (function,) = re.findall(r"'function:(\w+)'", (INFRA / "function-app.bicep").read_text("utf-8"))

    assert f'@app.function_name("{function}")\n@app.queue_trigger(' in (ROOT / "function_app.py").read_text(
        "utf-8"
    )


def test_the_timer_whose_silence_is_told_is_one_that_wakes_daily():
    (function,) = re.findall(
        r'OperationName == "(\w+)"', (INFRA / "queries" / "does-not-run.kql").read_text("utf-8")
    )

    assert re.search(
        rf'@app\.function_name\("{function}"\)\n@app\.timer_trigger\([^)]*schedule="\d+ \d+ \d+ \* \* \*"',
        (ROOT / "function_app.py").read_text("utf-8"),
    )
