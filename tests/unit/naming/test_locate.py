from lineage.naming import locate


def test_a_storage_url_becomes_purviews_name():
    match = locate("abfss://silver@lake.dfs.core.windows.net/orders")
    assert match
    assert match.asset.qualified_name == "https://lake.dfs.core.windows.net/silver/orders"
