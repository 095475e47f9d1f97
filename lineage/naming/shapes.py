"""
The shapes that a placeholder of a rule may be given, as in `{host:azure-sql}`.

Most say which hosts belong to a service, in Azure's public and sovereign clouds (the service endpoints that
Microsoft documents for Azure Government and Azure operated by 21Vianet). All are possessive, so none backtracks.
"""

import re

HOSTS = {
    "adls": (
        ".dfs.core.windows.net",
        ".dfs.core.usgovcloudapi.net",
        ".dfs.core.chinacloudapi.cn",
        ".dfs.storage.azure.net",
    ),
    "blob": (
        ".blob.core.windows.net",
        ".blob.core.usgovcloudapi.net",
        ".blob.core.chinacloudapi.cn",
        ".blob.storage.azure.net",
    ),
    "adls-gen1": (".azuredatalakestore.net",),
    "onelake": ("onelake.dfs.fabric.microsoft.com", "onelake.blob.fabric.microsoft.com"),
    "azure-sql": (".database.windows.net", ".database.usgovcloudapi.net", ".database.chinacloudapi.cn"),
    "synapse": (".sql.azuresynapse.net", ".sql.azuresynapse.usgovcloudapi.net", ".sql.azuresynapse.azure.cn"),
    "synapse-serverless": (
        "-ondemand.sql.azuresynapse.net",
        "-ondemand.sql.azuresynapse.usgovcloudapi.net",
        "-ondemand.sql.azuresynapse.azure.cn",
    ),
    "fabric-sql": (".datawarehouse.fabric.microsoft.com", ".datawarehouse.pbidedicated.windows.net"),
    "azure-postgresql": (
        ".postgres.database.azure.com",
        ".postgres.database.usgovcloudapi.net",
        ".postgres.database.chinacloudapi.cn",
    ),
    "azure-mysql": (
        ".mysql.database.azure.com",
        ".mysql.database.usgovcloudapi.net",
        ".mysql.database.chinacloudapi.cn",
    ),
    "cosmos": (".documents.azure.com", ".documents.azure.us", ".documents.azure.cn"),
    "kusto": (".kusto.windows.net", ".kusto.usgovcloudapi.net", ".kusto.chinacloudapi.cn"),
    "snowflake": (".snowflakecomputing.com", ".snowflakecomputing.cn"),
}


def _host_ending(endings: tuple[str, ...]) -> str:
    allowed = "|".join(f"(?<={re.escape(ending)})" for ending in endings)
    return rf"[^/:@#?\s]++(?:{allowed})"


def _host_elsewhere() -> str:
    """Any host but those of Azure's database services: the rules for servers that people run themselves."""
    services = ("azure-sql", "synapse", "fabric-sql", "azure-postgresql", "azure-mysql")
    endings = (ending for service in services for ending in HOSTS[service])
    return r"[^/:@#?\s]++" + "".join(f"(?<!{re.escape(ending)})" for ending in endings)


def _managed_instance() -> str:
    """A managed instance is one label longer than a server: it has a zone, and its public endpoint says so."""
    ending = "|".join(map(re.escape, HOSTS["azure-sql"]))
    return rf"[^/:@#?\s.]++\.(?:public\.)?+[^/:@#?\s.]++(?:{ending})"


SHAPES = {name: _host_ending(endings) for name, endings in HOSTS.items()} | {
    "azure-sql-mi": _managed_instance(),
    "not-azure": _host_elsewhere(),
    "port": r"\d++",
    "guid": r"[0-9a-fA-F]{8}+(?:-[0-9a-fA-F]{4}+){3}+-[0-9a-fA-F]{12}+",
    "labels": r"[^/:@#?\s]++",  # a host with any number of dots
    "resource-set": r"[^{]*+\{.*+",  # a path that holds a pattern such as {N} or {SparkPartitions}
}
