"""
The canonical spellings of an OpenLineage namespace and name, which the built-in rules are written for.

Producers spell one place in many ways. OpenLineage's naming conventions changed twice (the database moved from the
namespace into the name, leading slashes went away), and producers follow them loosely. All that is undone here, so that
a rule can be one line:

    sqlserver://srv:1433;database=db + [dbo].[t]      mssql://srv:1433 + db.dbo.t
    postgresql://srv:5432/db + dbo.t                  postgres://srv:5432 + db.dbo.t
    abfs://c@acct.dfs.core.windows.net/sub + /x       abfss://c@acct.dfs.core.windows.net + sub/x
    wasbs://c@acct + x (Airflow)                      wasbs://c@acct.blob.core.windows.net + x
"""

import re
from collections.abc import Callable, Iterator

from lineage.naming.address import DATABASES, Address, parse_address
from lineage.naming.identifiers import split_identifiers
from lineage.naming.patterns import QUOTED_DOT
from lineage.naming.shapes import HOSTS

Reading = tuple[str, str]

# What producers write where they could not tell the dataset: a query, or several tables at once.
_PLACEHOLDER = re.compile(r"COMPLEX(?![A-Za-z0-9_])")
DEFAULT_SCHEMAS = {"mssql": "dbo", "postgres": "public"}


def is_placeholder(name: str) -> bool:
    """A name that names nothing: Spark's COMPLEX, for a query that it could not resolve to a table."""
    return bool(_PLACEHOLDER.match(split_identifiers(name.strip())[-1]))


def readings(namespace: str, name: str) -> Iterator[Reading]:
    """The canonical spellings of a namespace and name, the likeliest first."""
    address = parse_address(namespace)
    if address:
        yield from _readings_of(address, name)
    else:
        yield namespace.strip(), clean_name(name)


def _readings_of(address: Address, name: str) -> Iterator[Reading]:
    yield from _READERS.get(address.scheme, _read_path)(address, name)


def text_readings(text: str) -> Iterator[Reading]:
    """The same for a name of one piece: a storage, JDBC or other URL."""
    address = parse_address(text)
    if address is None:
        return
    place = Address(address.scheme, address.authority, "", address.parameters)
    if address.scheme not in DATABASES:
        yield from _readings_of(place, address.path)
    elif table := address.parameters.get("table"):
        yield from _readings_of(address, table)
    elif address.path.strip("/"):
        yield from _readings_of(place, _dotted(address.path, DATABASES[address.scheme]))


def _dotted(path: str, levels: int) -> str:
    """`db/sales.orders` and `db/sales/orders` are both db.sales.orders; in a complete path, dots belong to the names."""
    parts = [part for part in path.split("/") if part]
    quoted = parts if len(parts) >= levels else parts[:-1]
    return ".".join([f"[{part}]" for part in quoted] + parts[len(quoted) :])


def clean_name(name: str) -> str:
    """Without the quotes of SQL identifiers; dots inside them are told apart from those that separate."""
    return _joined(split_identifiers(name.strip()))


def _joined(parts: list[str]) -> str:
    return ".".join(part.replace(".", QUOTED_DOT) for part in parts)


def _read_database(address: Address, name: str) -> Iterator[Reading]:
    namespace = f"{address.scheme}://{address.authority}"
    parts = _with_parameters(address, split_identifiers(name.strip()))
    path = [part for part in address.path.split("/") if part]
    if path:
        yield namespace, _joined([*path, *parts])
    if not _lacks_database(address.scheme, parts):
        yield namespace, _joined(parts)


def _lacks_database(scheme: str, parts: list[str]) -> bool:
    """`dbo.orders`: a schema and a table, and nothing says in which database."""
    match parts:
        case [schema, _]:
            return schema.lower() == DEFAULT_SCHEMAS.get(scheme)
        case _:
            return False


def _with_parameters(address: Address, parts: list[str]) -> list[str]:
    """The database and schema that a JDBC URL gives as parameters, in front of a name that lacks them."""
    database, schema = address.parameters.get("database"), address.parameters.get("schema")
    if schema and len(parts) == 1:
        parts = [schema, *parts]
    return [database, *parts] if database and len(parts) < DATABASES[address.scheme] else parts


def _read_snowflake(address: Address, name: str) -> Iterator[Reading]:
    """OpenLineage writes the account alone; Purview, like the driver, its host."""
    host = (
        address.host
        if address.host.endswith(HOSTS["snowflake"])
        else f"{address.host}.snowflakecomputing.com"
    )
    yield from _read_database(Address("snowflake", host, address.path, address.parameters), name)


def _read_path(address: Address, name: str) -> Iterator[Reading]:
    segments = [part for part in f"{address.path}/{name.strip()}".split("/") if part]
    yield f"{address.scheme}://{address.authority}", "/".join(segments)


def _read_storage(address: Address, name: str) -> Iterator[Reading]:
    """Azure storage: `abfss` always means the dfs endpoint and `wasbs` the blob endpoint, whatever the host says."""
    service = {"abfss": "dfs", "wasbs": "blob"}[address.scheme]
    host = address.host
    if host and "." not in host:
        host = f"{host}.{service}.core.windows.net"
    elif not host.endswith(HOSTS["onelake"]):
        host = re.sub(r"^([^.]+)\.(dfs|blob)\.", rf"\1.{service}.", host)
    yield from _read_path(Address(address.scheme, f"{address.container}@{host}", address.path), name)


def _read_web(address: Address, name: str) -> Iterator[Reading]:
    """The https form of a storage address; a shared access signature is not part of the name."""
    path = f"{address.path}/{name}".partition("?")[0].strip("/")
    if address.host.endswith(HOSTS["adls-gen1"]):
        yield from _read_path(Address("adl", address.host, ""), path.removeprefix("webhdfs/v1/"))
        return
    container, _, rest = path.partition("/")
    endpoint = address.host.partition(".")[2].partition(".")[0]
    scheme = {"dfs": "abfss", "blob": "wasbs"}.get(endpoint)
    if scheme and container:
        yield from _read_storage(Address(scheme, f"{container}@{address.host}", ""), rest)


def _read_file_database(address: Address, name: str) -> Iterator[Reading]:
    """A database that is a file, such as DuckDB's."""
    yield from _read_path(address, clean_name(name))


def _read_brokers(address: Address, name: str) -> Iterator[Reading]:
    yield f"{address.scheme}://{address.authority}", name.strip("/")


_READERS: dict[str, Callable[[Address, str], Iterator[Reading]]] = {
    **dict.fromkeys(DATABASES, _read_database),
    "snowflake": _read_snowflake,
    "abfss": _read_storage,
    "wasbs": _read_storage,
    "https": _read_web,
    "http": _read_web,
    "duckdb": _read_file_database,
    "kafka": _read_brokers,
}
