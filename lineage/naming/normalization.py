"""
What Purview does to the qualifiedNames of scanned assets, done to ours so that they are the same.

The rules are those that a Purview account reports as its `normalizationRules` (resource set rule configuration, sample in
pv's documentation) and that learn.microsoft.com describes under "asset normalization". Paths keep their case: Purview's
names are case-sensitive.
"""

import re

from lineage.naming.address import HOSTLESS, PRIVATE_LINK

QUALIFIED_NAME_LIMIT = 4096

_SQL = re.compile(r"azure_sql_|azure_synapse_|mssql_|fabric_warehouse_")
FILES = frozenset(
    {
        "azure_blob_path",
        "azure_datalake_gen1_path",
        "azure_datalake_gen2_path",
        "aws_s3_v2_object",
    }
)
_WEB_ADDRESSES = FILES | {"azure_blob_container", "azure_datalake_gen2_filesystem"}
_HEAD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://[^/#]*+")
_BRACKETS = re.compile(r"\[([^/\[\]]*+)\]")
_EXTENSION = re.compile(r"\.[^./]{2,5}\Z")
_DATA_FACTORY = re.compile(
    r"(?<=/)(subscriptions|resourceGroups|providers|factories|pipelines|activities)/([^/#]++)"
)
# Braces mark the patterns of resource sets, and a question mark would begin a query.
_ENCODED = str.maketrans({"{": "%7B", "}": "%7D", "?": "%3F"})
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def tidy(text: str) -> str:
    """What holds whatever the type: scheme and public host in lower case, single slashes, no spaces around."""
    text, mark, fragment = text.strip().partition("#")
    head = _HEAD.match(text)
    start = _tidy_head(re.sub(r"\s+", "", head[0])) if head else ""
    return start + _tidy_path(text[head.end() :] if head else text) + mark + fragment


def _tidy_head(head: str) -> str:
    scheme, separator, host = head.partition("://")
    scheme = scheme.lower()
    if scheme in HOSTLESS:
        return scheme + separator + host
    return scheme + separator + host.lower().replace(PRIVATE_LINK, ".", 1)


def _tidy_path(path: str) -> str:
    first, *parts = (part.strip(" ") for part in path.split("/"))
    return "/".join([first, *filter(None, parts[:-1]), *parts[-1:]])


def normalize(type_name: str, qualified_name: str) -> str | None:
    """The qualifiedName as Purview keeps it, or None if it cannot be one."""
    name = tidy(qualified_name.translate(_ENCODED) if type_name in _WEB_ADDRESSES else qualified_name)
    if _SQL.match(type_name):
        name = tidy(_BRACKETS.sub(r"\1", name)).rstrip("/").replace(" ", "%20")
    elif type_name in FILES:
        name = _EXTENSION.sub(lambda found: found[0].lower(), name)
    elif type_name.startswith(("adf_", "azure_data_factory")):
        name = _DATA_FACTORY.sub(lambda found: f"{found[1]}/{found[2].lower()}", name)
    unusable = not name or len(name) > QUALIFIED_NAME_LIMIT or _UNPRINTABLE.search(name)
    return None if unusable else name
