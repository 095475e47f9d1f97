"""
Addresses of stores: URLs, JDBC URLs and the namespaces made of them, taken apart.

Tolerant by design: whatever a producer wrote as a namespace is read as far as it goes. Credentials are dropped here and
never come further (the JDBC URLs in old OpenLineage namespaces do carry `user=` and `password=`).
"""

import re
from dataclasses import dataclass, field

# Spellings of one and the same scheme.
SCHEMES = {
    "abfs": "abfss",
    "wasb": "wasbs",
    "s3a": "s3",
    "s3n": "s3",
    "sqlserver": "mssql",
    "postgresql": "postgres",
    "mariadb": "mysql",
    "hive2": "hive",
    "oracle:thin": "oracle",
}
# Namespaces that OpenLineage writes without an authority.
BARE = ("bigquery", "dbfs", "file", "hive", "kafka", "pubsub")

# Those of them whose names begin where others have a host. They tell case apart.
HOSTLESS = ("bigquery", "pubsub")

# Azure Private Link's name for a host is an alias of its public name, which is the one that scans write.
PRIVATE_LINK = ".privatelink."

_URL = re.compile(r"([a-z][a-z0-9+.-]*+(?::thin)?+)(?::@?//|:@)", re.IGNORECASE)
_BARE = re.compile(rf"({'|'.join(BARE)})(?::(?=/(?!/))|\Z)", re.IGNORECASE)
# `//user:password@`, where the user may be empty and the password hold an @. What follows a host's colon is a port.
_LOGIN = re.compile(r"(?<=://)[^/@:;?&]*+:(?!\d++(?:[/;?&,:]|\Z))[^/]*@")
_ORACLE_LOGIN = re.compile(r"(?<=:thin:)[^/@]*+/[^;?&]*(?=@)", re.IGNORECASE)
_ORACLE_SID = re.compile(r"([^:/]++):(\d++):([^/]++)")

PARAMETERS = {
    "database": "database",
    "databasename": "database",
    "db": "database",
    "initial catalog": "database",
    "conncatalog": "database",
    "schema": "schema",
    "currentschema": "schema",
    "connschema": "schema",
    "table": "table",
    "dbtable": "table",
}


@dataclass(frozen=True, slots=True)
class Address:
    """`scheme://authority/path;parameters`. Scheme and host are in lower case, as hosts do not tell case apart."""

    scheme: str
    authority: str
    path: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Without the container in front of it or the port behind."""
        return self.authority.rpartition("@")[2].partition(":")[0]

    @property
    def container(self) -> str:
        return self.authority.rpartition("@")[0]


def parse_address(text: str) -> Address | None:
    """What a namespace or a URL points at, or None if it is no address."""
    text = without_credentials(text.strip())
    if text[:5].lower() == "jdbc:":
        text = text[5:]
    if bare := _BARE.match(text):
        return Address(bare[1].lower(), "", text[bare.end() :])
    url = _URL.match(text)
    if not url:
        return None
    scheme = url[1].lower().partition("+")[0]
    scheme = SCHEMES.get(scheme, scheme)
    rest = text[url.end() :]
    if scheme in DATABASES:
        return _database(scheme, rest)
    authority, slash, path = rest.partition("/")
    return Address(scheme, _lower_host(authority), slash + path)


def without_credentials(text: str) -> str:
    """A URL without the user and the password in front of its host."""
    return _ORACLE_LOGIN.sub("", _LOGIN.sub("", text)) if "@" in text else text


# Schemes of databases, with how many parts a complete name has below the server.
DATABASES = {
    "clickhouse": 2,
    "crate": 3,
    "databricks": 3,
    "db2": 3,
    "dremio": 3,
    "fabric-warehouse": 3,
    "hive": 2,
    "mssql": 3,
    "mysql": 2,
    "oceanbase": 2,
    "oracle": 3,
    "postgres": 3,
    "redshift": 3,
    "snowflake": 3,
    "spark": 2,
    "teradata": 2,
    "trino": 3,
    "unitycatalog": 3,
}


def _database(scheme: str, rest: str) -> Address:
    """Database URLs carry parameters, and SQL Server's an instance behind a backslash or a port behind a comma."""
    place, *pairs = re.split(r"[;?&]", rest)
    place = _without_credentials(place)
    if scheme == "oracle":
        place = _ORACLE_SID.sub(r"\1:\2/\3", place, count=1)
    authority, _, path = place.replace("\\", "/", 1).partition("/")
    path, _, first = path.partition(":")  # Db2: host:port/database:currentSchema=sales;
    named = (_parameter(pair) for pair in (first, *pairs))
    return Address(
        scheme, _lower_host(authority.replace(",", ":", 1)), path, {key: value for key, value in named if key}
    )


def _without_credentials(place: str) -> str:
    authority, slash, path = place.partition("/")
    return authority.rpartition("@")[2] + slash + path


def _parameter(pair: str) -> tuple[str, str]:
    """Only what names a database, schema or table: the rest, passwords first of all, is forgotten."""
    key, _, value = pair.partition("=")
    return PARAMETERS.get(key.strip().lower(), "") if value.strip() else "", value.strip()


def _lower_host(authority: str) -> str:
    container, at, host = authority.rpartition("@")
    return container + at + host.lower().replace(PRIVATE_LINK, ".", 1)
