"""Counters, seeds and a fresh start."""

import json
import signal
import subprocess
import sys

import pytest
import requests

from local.datamap.certificate import write_certificate
from local.datamap.process import running, token

SEED = {
    "entities": [
        {"typeName": "azure_sql_table", "attributes": {"name": "t", "qualifiedName": "seed://t"}},
        {"typeName": "DataSet", "attributes": {"name": "d", "qualifiedName": "seed://d"}},
    ],
    "relationships": [
        {
            "typeName": "direct_lineage_dataset_dataset",
            "end1": {"typeName": "azure_sql_table", "uniqueAttributes": {"qualifiedName": "seed://t"}},
            "end2": {"typeName": "DataSet", "uniqueAttributes": {"qualifiedName": "seed://d"}},
        }
    ],
}
BY_NAME = "/entity/uniqueAttribute/type/azure_sql_table"


async def sinks(stand_in):
    answer = await stand_in.get(BY_NAME, params={"attr:qualifiedName": "seed://t"})
    return [sink["displayText"] for sink in answer["entity"]["relationshipAttributes"]["sinks"]]


async def test_operations_are_counted_by_route_template(stand_in, dataset):
    guid = await stand_in.guid(dataset("a"))
    await stand_in.bulk(dataset("b"))
    await stand_in.get(f"/lineage/{guid}")
    await stand_in.client.post("/catalog/api/search/query", json={"keywords": "a"}, headers=stand_in.headers)

    assert await stand_in.operations() == {
        "total": 4,
        "byRoute": {
            "GET /atlas/v2/lineage/{guid}": 1,
            "POST /atlas/v2/entity/bulk": 2,
            "POST /search/query": 1,
        },
    }


async def test_refused_and_throttled_operations_count_as_well(stand_in, dataset):
    await stand_in.misbehave(fail=[{"status": 429, "next": 1}])
    await stand_in.bulk(dataset("a"))
    await stand_in.bulk()

    assert (await stand_in.operations())["total"] == 2


async def test_signing_in_and_control_and_accounts_do_not_count(stand_in):
    await stand_in.client.get("/account/collections", headers=stand_in.headers)
    await stand_in.client.get("/_control/faults")

    assert await stand_in.operations() == {"total": 0, "byRoute": {}}


async def test_counting_starts_again_from_zero(stand_in, dataset):
    await stand_in.bulk(dataset("a"))

    assert (await stand_in.client.delete("/_control/operations")).status == 204

    assert (await stand_in.operations())["total"] == 0


async def test_a_stand_in_starts_with_a_seed(start):
    assert await sinks(await start(seed=SEED)) == ["d"]


async def test_a_seed_is_taken_in_later_as_well_and_counts_no_operations(stand_in):
    assert (await stand_in.client.put("/_control/seed", json=SEED)).status == 204

    assert (await stand_in.operations())["total"] == 0
    assert await sinks(stand_in) == ["d"]


@pytest.mark.parametrize("bad", [b"{", b"[]", b'{"entities": [{"typeName": "no_such_type"}]}'])
async def test_a_bad_seed_is_refused(stand_in, bad):
    assert (await stand_in.client.put("/_control/seed", data=bad)).status == 400


async def test_forgetting_leaves_the_built_in_types_and_the_faults(stand_in, dataset):
    await stand_in.client.put("/_control/seed", json=SEED)
    await stand_in.call(
        "POST", "/types/typedefs", json={"entityDefs": [{"name": "mine", "superTypes": ["DataSet"]}]}
    )
    await stand_in.misbehave(attributeBytes=100)

    assert (await stand_in.client.delete("/_control/catalogue")).status == 204

    gone = await stand_in.call("GET", BY_NAME, params={"attr:qualifiedName": "seed://t"})
    assert gone.status == 404
    assert (await stand_in.call("GET", "/types/entitydef/name/mine")).status == 404
    assert (await stand_in.bulk(dataset("a"))).status == 200
    assert (await stand_in.bulk(dataset("a", description="x" * 101))).status == 400


def test_the_program_takes_a_seed(tmp_path):
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(SEED))

    with running("--seed", str(seed)) as address:
        headers = {"Authorization": f"Bearer {token(address)}"}
        url = f"{address}/datamap/api/atlas/v2{BY_NAME}"
        found = requests.get(url, params={"attr:qualifiedName": "seed://t"}, headers=headers, timeout=10)

    assert found.json()["entity"]["attributes"]["name"] == "t"


def test_the_program_serves_with_a_certificate_that_is_there_already(tmp_path):
    certificate = tmp_path / "datamap.pem"
    write_certificate(certificate)

    with running("--certfile", str(certificate), "--keyfile", str(certificate)) as address:
        assert address.startswith("https://")
        assert token(address, verify=str(certificate))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_prints_its_address_first_and_stops_cleanly(number):
    command = [sys.executable, "-m", "local.datamap", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        assert requests.get(f"{address}/_control/operations", timeout=10).json()["total"] == 0
        process.send_signal(number)
        rest, errors = process.communicate(timeout=10)

    assert address.startswith("http://127.0.0.1:")
    assert (process.returncode, rest, errors) == (0, "", "")
