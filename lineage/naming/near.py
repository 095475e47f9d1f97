"""Other spellings under which a scan may hold the same asset, for when the exact one is not in the catalogue."""

from collections.abc import Callable, Iterator
from itertools import islice

from lineage.naming.asset import Asset
from lineage.naming.normalization import FILES
from lineage.naming.resource_sets import resource_sets

NEAR_LIMIT = 16

# Types that a scan gives to what a pipeline can only call a table.
SIBLINGS = {
    "azure_sql_table": ("azure_sql_view", "azure_sql_dw_table", "azure_sql_dw_view"),
    "azure_sql_mi_table": ("azure_sql_mi_view", "azure_sql_table", "azure_sql_view"),
    "aws_s3_v2_object": ("aws_s3_v2_directory",),
}
# The two endpoints of one storage account.
ENDPOINTS = {
    "azure_datalake_gen2_path": ("azure_blob_path", ".dfs.", ".blob."),
    "azure_blob_path": ("azure_datalake_gen2_path", ".blob.", ".dfs."),
}
INSTANCE = "MSSQLSERVER"
# Databases that fold unquoted names to upper case.
UPPER = ("snowflake_", "oracle_", "db2_")


def near(asset: Asset) -> tuple[Asset, ...]:
    """
    Other assets that may be meant, the likeliest first, at most `NEAR_LIMIT`.

    They are candidates to look for, not answers: where several exist, nothing says which is meant.
    """
    found = dict.fromkeys(_near(asset))
    found.pop(asset, None)
    return tuple(islice(found, NEAR_LIMIT))


def _near(asset: Asset) -> Iterator[Asset]:
    for variants in _VARIANTS:
        yield from variants(asset)
    for variants in _VARIANTS:
        for other in _other_case(asset):
            yield other
            yield from variants(other)


def _types(asset: Asset) -> Iterator[Asset]:
    kind = asset.type_name
    siblings = SIBLINGS.get(kind) or (
        (kind.removesuffix("table") + "view",) if kind.endswith("_table") else ()
    )
    for sibling in siblings:
        yield Asset(sibling, asset.qualified_name)


def _slash(asset: Asset) -> Iterator[Asset]:
    if asset.type_name in FILES:
        bare = asset.qualified_name.rstrip("/")
        yield Asset(asset.type_name, bare if bare != asset.qualified_name else bare + "/")


def _resource_sets(asset: Asset) -> Iterator[Asset]:
    if asset.type_name in FILES:
        type_name = asset.type_name.replace("_path", "_resource_set").replace("_object", "_resource_set")
        for name in resource_sets(asset.qualified_name):
            yield Asset(type_name, name)


def _endpoint(asset: Asset) -> Iterator[Asset]:
    if asset.type_name in ENDPOINTS:
        type_name, here, there = ENDPOINTS[asset.type_name]
        other = Asset(type_name, asset.qualified_name.replace(here, there, 1))
        yield other
        yield from _slash(other)
        yield from _resource_sets(other)


def _spaces(asset: Asset) -> Iterator[Asset]:
    if "%20" in asset.qualified_name:
        yield Asset(asset.type_name, asset.qualified_name.replace("%20", " "))


def _public(asset: Asset) -> Iterator[Asset]:
    """The two endpoints of a managed instance: `server.zone.` and `server.public.zone.`."""
    if asset.type_name == "azure_sql_mi_table":
        server, _, rest = asset.qualified_name.partition(".")
        other = rest.removeprefix("public.") if rest.startswith("public.") else f"public.{rest}"
        yield Asset(asset.type_name, f"{server}.{other}")


def _instance(asset: Asset) -> Iterator[Asset]:
    """SQL Server's default instance, which not every scan writes."""
    if asset.type_name == "mssql_table":
        host, *path = asset.qualified_name.removeprefix("mssql://").split("/")
        path = path[1:] if path[:1] == [INSTANCE] else [INSTANCE, *path]
        yield Asset(asset.type_name, "/".join([f"mssql://{host}", *path]))


def _other_case(asset: Asset) -> Iterator[Asset]:
    """The path in lower and in upper case; the host has no case."""
    scheme, separator, rest = asset.qualified_name.partition("://")
    host, slash, path = rest.partition("/")
    if not path:
        return
    folds = (str.upper, str.lower) if asset.type_name.startswith(UPPER) else (str.lower, str.upper)
    for fold in folds:
        if fold(path) != path and not (fold is str.upper and asset.type_name in FILES):
            yield Asset(asset.type_name, scheme + separator + host + slash + _folded(asset, path, fold))


def _folded(asset: Asset, path: str, fold: Callable[[str], str]) -> str:
    """Snowflake's and other servers' names have fixed words in them, which keep their case."""
    fixed = {"servers", "databases", "dbs", "schemas", "tables", "catalogs", "colls"}
    keep = "/databases/" in asset.qualified_name or "/dbs/" in asset.qualified_name
    return "/".join(part if keep and part in fixed else fold(part) for part in path.split("/"))


_VARIANTS = (_slash, _types, _resource_sets, _endpoint, _public, _instance, _spaces)
