"""
Settings to credential: who the app is towards Purview and towards its own storage.

`azure-identity` is imported where it is first used (`credentials.py`): the import of the app itself stays cheap, and
a connection string needs none of it.
"""

import asyncio
import base64
import json
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from azure.core.credentials import AccessToken, TokenCredential

from lineage.errors import InvalidSettings, Mistake
from lineage.settings import PurviewSettings, Storage

# What each way to sign in cannot do without; those that are not here need nothing but themselves.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "client-secret": ("tenant_id", "client_id", "client_secret"),
    "client-certificate": ("tenant_id", "client_id", "certificate_path"),
    "workload-identity": ("tenant_id", "client_id", "federated_token_file"),
}
# App Service's own sign that a managed identity is at hand.
IDENTITY_ENDPOINT = "IDENTITY_ENDPOINT"


def purview_credential(settings: PurviewSettings) -> TokenCredential:
    """The credential for the Data Map that `PURVIEW_AUTH` names, or `InvalidSettings` saying what it lacks."""
    if lacking := [name for name in NEEDED.get(settings.auth, ()) if not getattr(settings, name)]:
        message = f"PURVIEW_AUTH={settings.auth} needs this app setting"
        raise InvalidSettings([Mistake(_setting(name), message) for name in lacking])
    from lineage import credentials  # noqa: PLC0415 - see the module's docstring

    try:
        return credentials.BUILDERS[settings.auth](settings)
    except (ValueError, OSError) as error:  # a tenant that cannot be one, a certificate that cannot be read
        raise InvalidSettings([Mistake(_suspect(settings), str(error))]) from error


def storage_credential(storage: Storage) -> TokenCredential:
    """
    The identity of a `LineageStorage` connection that has no connection string, by the Functions host's own rule
    (Microsoft, "Connections in Azure Functions"): in Azure the managed identity, elsewhere the developer's.
    """
    from lineage import credentials  # noqa: PLC0415 - see the module's docstring

    if storage.client_id or IDENTITY_ENDPOINT in os.environ:
        return credentials.managed_identity(storage.client_id)
    return credentials.developer()


class Awaited:
    """A credential for asynchronous clients (azure-core's `AsyncTokenCredential`): its blocking call runs in a thread."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token for the scopes."""
        return await asyncio.to_thread(self._credential.get_token, *scopes, **options)

    async def close(self) -> None:
        """Nothing: the credential belongs to whoever made it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self.close()


def claims_of(token: str) -> dict[str, Any]:
    """What a token says of itself; nothing if it cannot be read. Nothing is verified."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def principal_of(token: str) -> str:
    """Who a token speaks for, in words that a role assignment can be made with. Nothing is verified."""
    claims = claims_of(token)
    if "oid" not in claims:
        return "the app's identity"
    return f"the identity with object id {claims['oid']} (application {claims.get('appid', 'unknown')})"


def _setting(name: str) -> str:
    return str(PurviewSettings.model_fields[name].alias)


def _suspect(settings: PurviewSettings) -> str:
    """The setting to look at when azure-identity refuses what it was given."""
    return _setting("certificate_path" if settings.auth == "client-certificate" else "auth")
