"""The name an asset gets when it has to be created."""

from urllib.parse import unquote

from lineage.naming.asset import Asset

_HIVE = "hive_table"


def display_name(asset: Asset) -> str:
    """The last part of the qualifiedName: the table, the file or folder, the column; never empty."""
    name = asset.qualified_name.rstrip("/")
    if asset.type_name == _HIVE:
        last = (name.rpartition("@")[0] or name).rpartition(".")[2]
    else:
        last = name.rpartition("#")[2].rpartition("/")[2]
    return unquote(last) or asset.qualified_name
