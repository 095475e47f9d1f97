"""
The credentials themselves, one for each way to sign in. Importing this imports azure-identity, so it is imported late.

Authority, scope and endpoint are settings of their own, so every cloud is reached the same way. An authority on this
machine is a test's, and nobody else vouches for it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from azure.core.credentials import TokenCredential
from azure.identity import (
    AzureCliCredential,
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from pydantic import SecretStr

from lineage.device_code import device_code
from lineage.settings import Auth, PurviewSettings, is_loopback


def managed_identity(client_id: str | None) -> TokenCredential:
    """The system-assigned identity, or the user-assigned one of a client id."""
    return ManagedIdentityCredential(client_id=client_id)


def developer() -> TokenCredential:
    """Whoever is signed in on this machine."""
    return DefaultAzureCredential()


def _managed_identity(settings: PurviewSettings) -> TokenCredential:
    return managed_identity(settings.client_id)


def _client_secret(settings: PurviewSettings) -> TokenCredential:
    return ClientSecretCredential(
        str(settings.tenant_id),
        str(settings.client_id),
        str(_revealed(settings.client_secret)),
        **_authority(settings),
    )


def _client_certificate(settings: PurviewSettings) -> TokenCredential:
    return CertificateCredential(
        str(settings.tenant_id),
        str(settings.client_id),
        str(settings.certificate_path),
        password=_revealed(settings.certificate_password),
        **_authority(settings),
    )


def _workload_identity(settings: PurviewSettings) -> TokenCredential:
    return WorkloadIdentityCredential(
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        token_file_path=str(settings.federated_token_file),
        **_authority(settings),
    )


def _azure_cli(settings: PurviewSettings) -> TokenCredential:
    return AzureCliCredential(tenant_id=settings.tenant_id or "")


def _device_code(settings: PurviewSettings) -> TokenCredential:
    return device_code(settings.tenant_id, settings.client_id, _authority(settings))


def _default(settings: PurviewSettings) -> TokenCredential:
    client = {"managed_identity_client_id": settings.client_id} if settings.client_id else {}
    return DefaultAzureCredential(**client, **_authority(settings))


BUILDERS: Mapping[Auth, Callable[[PurviewSettings], TokenCredential]] = {
    "managed-identity": _managed_identity,
    "client-secret": _client_secret,
    "client-certificate": _client_certificate,
    "workload-identity": _workload_identity,
    "azure-cli": _azure_cli,
    "device-code": _device_code,
    "default": _default,
}


def _authority(settings: PurviewSettings) -> dict[str, Any]:
    return {
        "authority": settings.authority,
        "disable_instance_discovery": is_loopback(settings.authority),
    }


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
