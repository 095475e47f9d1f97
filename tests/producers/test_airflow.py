"""Airflow's OpenLineage provider on the DAG in examples/airflow: its tasks, their tables and columns are in the Data Map."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.producers.producer import ENVIRONMENTS, ROOT, Producer


@pytest.fixture
def postgres():
    """The port of a PostgreSQL of the test's own. It refuses to run as root, as which containers often do."""
    (programs,) = (ROOT / ENVIRONMENTS / "airflow").glob("lib/python*/site-packages/*_pgserver/pginstall/bin")
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp())
    if user:
        shutil.chown(folder, user)

    def run(program, *arguments):
        command = [programs / program, "-D", folder / "data", *arguments]
        subprocess.run(command, cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL)

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    run("initdb", "-U", "shop", "-A", "trust")
    run(
        "pg_ctl",
        "start",
        "-w",
        "-l",
        folder / "log",
        "-o",
        f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}",
    )
    yield port
    run("pg_ctl", "stop", "-m", "immediate")
    shutil.rmtree(folder)


@pytest.fixture
def airflow(tmp_path, addresses, postgres):
    """The DAG, which knows nothing of the app but what its environment says."""
    transport = {
        "type": "http",
        "url": addresses.functions,
        "endpoint": "api/v1/lineage",
        "custom_headers": {"x-functions-key": addresses.functionKey},
        "compression": "gzip",
    }
    settings = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(shutil.copytree(ROOT / "examples/airflow/dags", tmp_path / "dags")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_SHOP": f"postgresql://shop@127.0.0.1:{postgres}/postgres",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "airflow",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
    }
    return Producer("airflow", tmp_path, settings)


def test_a_dag_is_in_the_data_map_as_it_is_defined(airflow, postgres, lineage):
    airflow.run("airflow", "db", "migrate")
    airflow.run("airflow", "dags", "test", "shop")
    lineage.settle()

    def table(name):
        return f"postgresql://servers/127.0.0.1:{postgres}/dbs/postgres/schemas/public/tables/{name}"

    names = [
        f"lineage://airflow/shop{task}" for task in ("", ".create_tables", ".load_orders", ".load_customers")
    ]
    assert lineage.processes(names) == {
        "lineage://airflow/shop.load_orders": (
            {table("raw_orders")},
            {table("orders")},
            {
                (table("raw_orders"), "id", table("orders"), "order_id"),
                (table("raw_orders"), "customer", table("orders"), "customer_id"),
                (table("raw_orders"), "cents", table("orders"), "amount"),
            },
        ),
        "lineage://airflow/shop.load_customers": (
            {table("raw_customers"), table("orders")},
            {table("customers")},
            {
                (table("raw_customers"), "id", table("customers"), "customer_id"),
                (table("raw_customers"), "first_name", table("customers"), "first_name"),
                (table("orders"), "amount", table("customers"), "revenue"),
            },
        ),
    }
