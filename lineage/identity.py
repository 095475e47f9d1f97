"""
Settings to credential: who the app is towards Purview and towards its own storage.

`azure-identity` is imported where it is used: the import of the app itself stays cheap, and a connection
string needs none of it.
"""

import base64
import json

from azure.core.credentials import TokenCredential

from lineage.errors import InvalidSettings, Mistake
from lineage.settings import Settings, Storage, is_loopback


def purview_credential(settings: Settings) -> TokenCredential:
    """The credential for the Data Map that `PURVIEW_AUTH` names, or `InvalidSettings` saying what it lacks."""
    if settings.auth == "client-secret":
        return _client_secret(settings)
    return _managed_identity(settings.client_id)


def storage_credential(storage: Storage) -> TokenCredential:
    """The identity of a `LineageStorage` connection that has no connection string."""
    return _managed_identity(storage.client_id)


def principal_of(token: str) -> str:
    """Who a token speaks for, in words that a role assignment can be made with. Nothing is verified."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return f"the identity with object id {claims['oid']} (application {claims.get('appid', 'unknown')})"
    except (IndexError, ValueError, KeyError, TypeError):
        return "the app's identity"


def _managed_identity(client_id: str | None) -> TokenCredential:
    from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 - see the module's docstring

    return ManagedIdentityCredential(client_id=client_id)


def _client_secret(settings: Settings) -> TokenCredential:
    from azure.identity import ClientSecretCredential  # noqa: PLC0415 - see the module's docstring

    if not (settings.tenant_id and settings.client_id and settings.client_secret):
        raise InvalidSettings(
            [
                Mistake(name, "PURVIEW_AUTH=client-secret needs this app setting")
                for name, value in (
                    ("PURVIEW_TENANT_ID", settings.tenant_id),
                    ("PURVIEW_CLIENT_ID", settings.client_id),
                    ("PURVIEW_CLIENT_SECRET", settings.client_secret),
                )
                if not value
            ]
        )
    return ClientSecretCredential(
        settings.tenant_id,
        settings.client_id,
        settings.client_secret.get_secret_value(),
        authority=settings.authority,
        disable_instance_discovery=is_loopback(settings.authority),
    )
