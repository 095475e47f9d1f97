"""Access tokens as Entra issues them: JWTs with an audience and an expiry, signed with a key of this process."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson

from local.datamap.errors import Refused, gateway_refusal

PURVIEW = "https://purview.azure.net"
AUDIENCES = {PURVIEW, f"{PURVIEW}/", "73c2949e-da2d-457a-9607-fcc665198967"}
"""Purview as a resource, by name and by the application id that pyapacheatlas asks for."""


class Tokens:
    def __init__(self, clock: Callable[[], float] = time.time, lifetime: int = 3600) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._key = secrets.token_bytes(32)
        self._expiries: dict[str, float] = {}

    def issue(self, audience: str, client_id: str) -> tuple[str, int]:
        """An access token for the audience, and when it expires (seconds since the epoch)."""
        claims = {
            "aud": audience,
            "iss": "https://sts.windows.net/local/",
            "appid": client_id,
            "oid": client_id,
        }
        return self.sign(claims), int(self._clock()) + self._lifetime

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT of the claims and of the times that every token has."""
        now = int(self._clock())
        times = {"iat": now, "nbf": now, "exp": now + self._lifetime, "uti": str(uuid4())}
        head = _encoded(orjson.dumps({"typ": "JWT", "alg": "HS256"}))
        signed = f"{head}.{_encoded(orjson.dumps(claims | times))}"
        return f"{signed}.{self._signature(signed)}"

    def check(self, authorization: str | None) -> None:
        """Refuses a request whose bearer token is missing, not ours, for another audience, or expired."""
        token = (authorization or "").removeprefix("Bearer ")
        expires = self._expiries.get(token)
        if expires is None:
            expires = self._expiries[token] = self._examine(token, authorization)
        if expires <= self._clock():
            raise _unauthorized("The access token has expired")

    def _examine(self, token: str, authorization: str | None) -> float:
        if authorization is None or not authorization.startswith("Bearer "):
            raise _unauthorized("The request has no bearer token")
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            raise _unauthorized("The access token is not valid")
        claims = _claims(signed)
        if claims["aud"] not in AUDIENCES:
            raise _unauthorized(f"The access token is for the audience {claims['aud']}, not {PURVIEW}")
        return float(claims["exp"])

    def _signature(self, signed: str) -> str:
        return _encoded(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())


def _unauthorized(message: str) -> Refused:
    """The published 403 answers have this shape; that 401 has it too is a guess."""
    return gateway_refusal(401, "Unauthorized", message)


def _claims(signed: str) -> dict[str, Any]:
    payload = signed.partition(".")[2]
    claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
