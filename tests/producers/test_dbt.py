"""`dbt-ol` on the project in examples/dbt: its models, their sources and their columns are in the Data Map."""

import shutil

import pytest

from tests.producers.producer import ROOT, Producer

DATABASE = "shop.duckdb"


def table(name):
    return f"duckdb://{DATABASE}/shop.main.{name}"


ORDERS = (
    {table("raw_orders")},
    {table("orders")},
    {
        (table("raw_orders"), "id", table("orders"), "order_id"),
        (table("raw_orders"), "customer", table("orders"), "customer_id"),
        (table("raw_orders"), "cents", table("orders"), "amount"),
    },
)
CUSTOMERS = (
    {table("raw_customers"), table("orders")},
    {table("customers")},
    {
        (table("raw_customers"), "id", table("customers"), "customer_id"),
        (table("raw_customers"), "first_name", table("customers"), "first_name"),
        (table("orders"), "amount", table("customers"), "revenue"),
    },
)


@pytest.fixture
def dbt(tmp_path, addresses):
    """The project, which knows nothing of the app but what its environment says."""

    def make(namespace):
        folder = shutil.copytree(ROOT / "examples" / "dbt", tmp_path / namespace)
        settings = {
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "OPENLINEAGE_URL": addresses.functions,
            "OPENLINEAGE_ENDPOINT": f"api/v1/lineage?code={addresses.functionKey}",
            "OPENLINEAGE_NAMESPACE": namespace,
        }
        return Producer("dbt", folder, settings)

    return make


def test_a_dbt_project_is_in_the_data_map_as_it_is_defined(dbt, lineage):
    project = dbt("dbt")

    project.run("dbt-ol", "seed")
    project.run("dbt-ol", "run")
    lineage.settle()

    orders, customers = (f"lineage://dbt/shop.main.shop.{name}" for name in ("orders", "customers"))
    assert lineage.processes([orders, customers]) == {orders: ORDERS, customers: CUSTOMERS}


def test_structured_logs_tell_the_same_tables_without_their_columns(dbt, lineage):
    project = dbt("dbt-logs")

    project.run("dbt-ol", "seed")
    project.run("dbt-ol", "run", "--consume-structured-logs")
    lineage.settle()

    orders, customers = (f"lineage://dbt-logs/model.shop.{name}" for name in ("orders", "customers"))
    assert lineage.processes([orders, customers]) == {
        orders: (*ORDERS[:2], set()),
        customers: (*CUSTOMERS[:2], set()),
    }
