"""
The commands that mend what a check found, with the names that the settings know and <placeholders> for the others.

Storage is mended with the connection string where that is how the app connects, and as a signed-in person elsewhere:
where the app comes by identity, the account may well have no keys, and a connection string would go before the identity.
"""

import shlex
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from lineage.account import CONTAINER
from lineage.errors import LineageError, StorageFailed
from lineage.settings import PurviewSettings, Settings, Storage

# Microsoft Entra's code for a secret that the application never had. For one that has expired it is AADSTS7000222.
NEVER_ITS_SECRET = "AADSTS7000215"  # noqa: S105 - a code
APP = "--name <function app> --resource-group <resource group>"
ROLES = ("Storage Queue Data Contributor", "Storage Table Data Contributor", "Storage Blob Data Contributor")
PURVIEW_SCOPE = PurviewSettings.model_fields["scope"].default


class Mending:
    """One command for each thing that can be wrong."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def identity(self, error: LineageError) -> str:
        """For who cannot sign in at all."""
        settings = self._settings
        tenant = f" --tenant {shlex.quote(settings.tenant_id)}" if settings.tenant_id else ""
        credential = f"az ad app credential reset --id {settings.client_id}"
        match settings.auth:
            case "managed-identity":
                return f"az functionapp identity assign {APP}{_user_assigned(settings.client_id)}"
            case "client-secret":
                return _secret(credential, error)
            case "client-certificate":
                return f"{credential} --append --cert @<certificate.pem>"
            case "workload-identity":
                return f"az ad app federated-credential list --id {settings.client_id}"
            case "azure-cli" | "default":
                return f"az login{tenant}"
        return "lineage doctor (and enter the code that it shows, in time)"

    def audience(self) -> str:
        """For a token that is not for Purview."""
        return _set("PURVIEW_SCOPE", PURVIEW_SCOPE)

    def endpoint(self) -> str:
        """For an endpoint that is something else."""
        return _set("PURVIEW_ENDPOINT", "https://<account>.purview.azure.com")

    def unreachable(self) -> str:
        """For an endpoint that does not answer: a name, a firewall, a private endpoint, or an outage."""
        return f"curl --verbose {self._settings.endpoint}/datamap/api/atlas/v2/types/typedefs/headers"

    def clock(self) -> str:
        """For a clock that is off."""
        return "sudo timedatectl set-ntp true"

    def role(self, principal: str) -> str:
        """For an identity that may not write; to be run by a collection administrator."""
        collection = f" --collection {self._settings.collection}" if self._settings.collection else ""
        return f"lineage setup --grant {principal}{collection} --yes"

    def process_type(self) -> str:
        """For the type that is not registered."""
        return "lineage setup --yes"

    def dead_messages(self) -> str:
        """For messages that wait for a person."""
        return "lineage poison list"

    def queue(self, name: str, error: StorageFailed) -> str:
        """For a queue that is missing or refuses."""
        if isinstance(error.__cause__, ResourceNotFoundError):
            return f"az storage queue create --name {name} {_account(self._settings.storage)}"
        return self.storage(error)

    def table(self, name: str) -> str:
        """For a table that is missing."""
        return f"az storage table create --name {name} {_account(self._settings.storage)}"

    def container(self) -> str:
        """For the container that is missing."""
        return f"az storage container create --name {CONTAINER} {_account(self._settings.storage)}"

    def storage(self, error: StorageFailed) -> str:
        """For storage that refuses the app, or does not answer."""
        cause = error.__cause__
        if isinstance(cause, HttpResponseError) and cause.status_code == HTTPStatus.FORBIDDEN:
            grant = "az role assignment create --assignee <object id> --scope <storage account id> --role"
            return " && ".join(f"{grant} '{role}'" for role in ROLES)
        storage = self._settings.storage
        if storage.connection_string:
            return _set("LineageStorage", "<connection string>")
        urls = " ".join(str(url) for url in (storage.queue_url, storage.blob_url, storage.table_url))
        return f"curl --verbose {urls}  # then look at the network, the private endpoints and the identity's roles"


def _user_assigned(client_id: str | None) -> str:
    """Which identity the app is to have, if not its own."""
    return f" --identities <resource id of the identity {client_id}>" if client_id else ""


def _secret(reset: str, error: LineageError) -> str:
    if NEVER_ITS_SECRET in error.detail:
        return _set("PURVIEW_CLIENT_SECRET", "<the value of the secret, not its id>")
    return f"{reset} && {_set('PURVIEW_CLIENT_SECRET', '<the new password>')}"


def settings(names: Iterable[str]) -> str:
    """For settings that are missing or wrong."""
    values = " ".join(shlex.quote(f"{name}=<value>") for name in names)
    return f"az functionapp config appsettings set {APP} --settings {values}"


def _set(name: str, value: str) -> str:
    return f"az functionapp config appsettings set {APP} --settings {shlex.quote(f'{name}={value}')}"


def _account(storage: Storage) -> str:
    if storage.connection_string:
        return '--connection-string "$LineageStorage"'
    host = urlsplit(str(storage.queue_url)).hostname or ""
    return f"--account-name {host.partition('.')[0]} --auth-mode login"
