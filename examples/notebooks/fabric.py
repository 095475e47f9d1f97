"""A cell of a Fabric notebook: signs in as whoever runs it."""

import time

from azure.core.credentials import AccessToken

import lineage


class NotebookCredential:
    """Fabric's own token for Storage, as Azure's SDKs want it."""

    def get_token(self, *_scopes, **_options):
        return AccessToken(notebookutils.credentials.getToken("storage"), int(time.time()) + 300)


lineage.send(
    {
        "inputs": ["abfss://contoso@onelake.dfs.fabric.microsoft.com/sales.Lakehouse/Tables/orders"],
        "outputs": ["abfss://silver@lake.dfs.core.windows.net/orders"],
        "process": {"name": "export_orders", "namespace": "fabric://contoso"},
    },
    storage="https://contosolineage.queue.core.windows.net",
    credential=NotebookCredential(),
)
