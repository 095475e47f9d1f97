import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.naming import Asset, display_name


@pytest.mark.parametrize(
    ("type_name", "qualified_name", "name"),
    [
        ("azure_sql_table", "mssql://shop.database.windows.net/orders/dbo/Lines", "Lines"),
        ("azure_sql_table", "mssql://shop.database.windows.net/orders/dbo/order%20lines", "order lines"),
        ("azure_sql_column", "mssql://shop.database.windows.net/orders/dbo/lines#Price", "Price"),
        ("azure_datalake_gen2_path", "https://lake.dfs.core.windows.net/silver/sales/", "sales"),
        ("azure_datalake_gen2_filesystem", "https://lake.dfs.core.windows.net/silver", "silver"),
        ("hive_table", "sales.lines@adb-1.2.azuredatabricks.net", "lines"),
        ("hive_table", "strange", "strange"),
        ("DataSet", "orders", "orders"),
        ("DataSet", "///", "///"),
    ],
)
def test_an_asset_is_called_by_the_last_part_of_its_name(type_name, qualified_name, name):
    assert display_name(Asset(type_name, qualified_name)) == name


@given(st.sampled_from(["hive_table", "DataSet"]), st.text(min_size=1))
def test_every_asset_can_be_called_something(type_name, qualified_name):
    assert display_name(Asset(type_name, qualified_name))
