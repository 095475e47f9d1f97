"""
Signing in as a person, with whatever second factor the tenant asks for: an address, a code, and a wait.

Tokens are kept where the platform can encrypt them (Keychain, DPAPI, libsecret), so that the next command needs no
code; where it cannot, they are kept nowhere. Beside them lies azure-identity's authentication record, which says who
signed in and opens nothing.
"""

import hashlib
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.identity import AuthenticationRecord, DeviceCodeCredential, TokenCachePersistenceOptions
from msal_extensions import build_encrypted_persistence

CACHE = "purview-lineage"
FOLDER = "~/.purview-lineage"
SAID_BY_RECORD = frozenset({"authority", "client_id"})


def device_code(tenant: str | None, client: str | None, authority: Mapping[str, Any]) -> TokenCredential:
    """A credential for a tenant (the account's own if left out) and an application (Microsoft's for developers)."""
    options = {
        **authority,
        **({"tenant_id": tenant} if tenant else {}),
        **({"client_id": client} if client else {}),
    }
    name = hashlib.sha256(f"{authority['authority']} {tenant} {client}".encode()).hexdigest()[:16]
    return RememberedSignIn(options, Path(FOLDER).expanduser() / f"{name}.json")


class RememberedSignIn:
    """A device code sign-in that outlives the process where that is safe. One person, one code, however many ask."""

    def __init__(self, options: Mapping[str, Any], record: Path) -> None:
        self._options = {**options, "prompt_callback": prompt}
        self._record = record
        self._one_at_a_time = Lock()
        self._remembers = False

    def get_token(self, *scopes: str, **how: Any) -> AccessToken:
        """Silently if it can be, with a code otherwise."""
        with self._one_at_a_time:
            credential = self._credential
            if self._remembers:
                self._remember(credential.authenticate(scopes=scopes))
                self._remembers = False
            return credential.get_token(*scopes, **how)

    @cached_property
    def _credential(self) -> DeviceCodeCredential:
        if not can_encrypt(self._record):
            return DeviceCodeCredential(**self._options)
        self._remembers = True
        options = {**self._options, "cache_persistence_options": TokenCachePersistenceOptions(name=CACHE)}
        if record := self._remembered():
            options = {name: value for name, value in options.items() if name not in SAID_BY_RECORD}
            options["authentication_record"] = record
        return DeviceCodeCredential(**options)

    def _remembered(self) -> AuthenticationRecord | None:
        try:
            return AuthenticationRecord.deserialize(self._record.read_text("utf-8"))
        except (OSError, ValueError, KeyError):
            return None

    def _remember(self, record: AuthenticationRecord) -> None:
        self._record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._record.write_text(record.serialize(), "utf-8")


def can_encrypt(near: Path) -> bool:
    """Whether this platform has a safe place for tokens."""
    try:
        build_encrypted_persistence(str(near.with_suffix(".cache")))
    except Exception:  # noqa: BLE001 - each platform's library fails in its own way, and all mean no
        return False
    return True


def prompt(address: str, code: str, expires: datetime) -> None:
    """Where to go and what to type, on standard error: standard output is for results."""
    sys.stderr.write(f"To sign in, open {address} and enter the code {code} (until {expires:%H:%M} UTC).\n")
    sys.stderr.flush()
