"""
Resource sets: one asset for all the files of a table, under a path with patterns in place of what varies.

A scan of `orders/2024-05-01/part-00000-….parquet` finds the resource set `orders/{Year}-{Month}-{Day}/{SparkPartitions}`.
The patterns are Purview's built-in ones (learn.microsoft.com, "Understanding resource sets", and the `regexReplacers`
that an account reports); which of them a scan applied depends on the folder's content, so these are candidates.
"""

import re
from collections.abc import Iterator

SPARK_PARTITIONS = "{SparkPartitions}"

# Where the paths start: below the container, which S3 and the first Data Lake have in the host's place.
_ROOT = re.compile(r"(?:s3|adl)://[^/]++/|https://[^/]++/[^/]++/")
_SPARK_FILE = re.compile(r"part-\d{5}[-.]")
_YEAR_MONTH_DAY = re.compile(r"/20[1-9]\d/(?:0[1-9]|1[0-2])/(?:0[1-9]|[12]\d|3[01])(?=/|\Z)")
_REPLACERS = (
    (re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32}"), "{GUID}"),
    (
        re.compile(
            r"(?<![^-.=_@])20[1-9]\d([-._@])(?:0[1-9]|1[0-2])([-._@])(?:0[1-9]|[12]\d|3[01])(?![^-.=_@])"
        ),
        r"{Year}\1{Month}\2{Day}",
    ),
    (re.compile(r"(?<![^-.=_@])\d++(?![^-.=_@])"), "{N}"),
    (re.compile(r"(?<![^-._@])[0-9A-Fa-f]{8,16}(?![^-._@])"), "{HEX}"),
    (re.compile(r"^[a-z]{2}[-_][a-z]{2}$", re.IGNORECASE), "{LOC}"),
)
_NUMBER = re.compile(r"\d++")


def resource_sets(qualified_name: str) -> Iterator[str]:
    """The resource sets that a file or folder may belong to, the likeliest first."""
    root = _ROOT.match(qualified_name)
    path = qualified_name[root.end() :].rstrip("/") if root else ""
    if not (root and path):
        return
    head = root[0].rstrip("/")
    folder, _, file = path.rpartition("/")
    if _SPARK_FILE.match(file):
        yield f"{head}{_replaced(folder)}/{SPARK_PARTITIONS}"
        return
    patterned = _replaced(path)
    if "{" in patterned:
        yield head + patterned
    yield f"{head}{patterned}/{SPARK_PARTITIONS}"


def _replaced(path: str) -> str:
    path = _YEAR_MONTH_DAY.sub("/{Year}/{Month}/{Day}", "/" + path)
    *folders, file = path.split("/")
    folders = [_replace_in(folder) for folder in folders]
    file = _replace_in(file)
    return "/".join([*folders, _in_file(file) if "." in file else file])


def _replace_in(part: str) -> str:
    for pattern, replacement in _REPLACERS:
        part = pattern.sub(replacement, part)
    return part


def _in_file(file: str) -> str:
    """In a file's name every number is a pattern, except in its extension."""
    stem, dot, extension = file.rpartition(".")
    return _NUMBER.sub("{N}", stem) + dot + extension
