"""Sign-in without Azure: the two token endpoints that azure-identity talks to.

`/identity/token` is App Service's managed identity endpoint (learn.microsoft.com, overview-managed-identity, "Connect
to Azure services in app code"). `/{tenant}/...` is as much of Entra's v2.0 protocol as client credentials and the
device code need (learn.microsoft.com, identity-platform).
"""

import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from uuid import uuid4

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from local.datamap.tokens import PURVIEW, Tokens

_MANAGED_IDENTITY = "00000000-0000-0000-0000-000000000001"
_USER = "00000000-0000-0000-0000-000000000002"
_DEVICE_LIFETIME = 900


@dataclass(slots=True)
class _DeviceCode:
    client_id: str
    audience: str
    approved: bool
    user_code: str = field(default_factory=lambda: secrets.token_hex(4).upper())
    expires: float = field(default_factory=lambda: time.time() + _DEVICE_LIFETIME)


@dataclass(frozen=True, slots=True)
class SignIn:
    """What sign-in accepts."""

    identity_header: str = "local-identity-header"
    client_secret: str = "local-client-secret"  # noqa: S105 - opens nothing but this stand-in
    client_certificate: str | None = None
    """PEM; an assertion signed with its key is as good as the secret."""
    federated_token: str | None = None
    """An assertion that is good by itself, as one of a trusted issuer is."""
    approve_devices: bool = True
    """False makes device codes wait for `PUT /_control/devicecodes/{user_code}`."""
    expired_secret: str = "local-expired-secret"  # noqa: S105 - was the app's, and is no more


SIGN_IN = SignIn()


class Identity:
    """The sign-in routes."""

    def __init__(self, tokens: Tokens, sign_in: SignIn) -> None:
        self._tokens = tokens
        self._sign_in = sign_in
        self._device_codes: dict[str, _DeviceCode] = {}

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/identity/token", self._managed_identity)
        app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self._openid_configuration)
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._token)
        app.router.add_post("/{tenant}/oauth2/v2.0/devicecode", self._device_code)
        app.router.add_put("/_control/devicecodes/{user_code}", self._approve)

    async def _managed_identity(self, request: web.Request) -> web.Response:
        if request.headers.get("X-IDENTITY-HEADER") != self._sign_in.identity_header:
            return web.json_response(
                {"statusCode": 401, "message": "X-IDENTITY-HEADER is not the one given"}, status=401
            )
        resource = request.query.get("resource")
        if not resource:
            return web.json_response({"statusCode": 400, "message": "The resource is missing"}, status=400)
        client_id = request.query.get("client_id", _MANAGED_IDENTITY)
        token, expires = self._tokens.issue(resource, client_id)
        body = {
            "access_token": token,
            "expires_on": str(expires),
            "resource": resource,
            "token_type": "Bearer",
        }
        return web.json_response(body | {"client_id": client_id})

    async def _openid_configuration(self, request: web.Request) -> web.Response:
        base = _issuer(request).removesuffix("/v2.0")
        return web.json_response({
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        })  # fmt: skip

    async def _token(self, request: web.Request) -> web.Response:
        form = await _form(request)
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self._client_credentials(form, str(request.url))
        if grant == "urn:ietf:params:oauth:grant-type:device_code":
            return self._device_token(form.get("device_code", ""), _issuer(request))
        return _refused(
            400,
            "unsupported_grant_type",
            f"AADSTS70003: The app requested an unsupported grant type '{grant}'.",
        )

    def _client_credentials(self, form: dict[str, str], endpoint: str) -> web.Response:
        client_id = form.get("client_id", "")
        if "client_assertion" in form:
            if not self._vouches(form["client_assertion"], endpoint):
                return _refused(
                    401, "invalid_client", "AADSTS700027: Client assertion failed signature validation."
                )
        elif form.get("client_secret") == self._sign_in.expired_secret:
            return _refused(
                401,
                "invalid_client",
                f"AADSTS7000222: The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal"
                " to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate"
                " credentials for added security: https://aka.ms/certCreds.",
            )
        elif form.get("client_secret") != self._sign_in.client_secret:
            return _refused(
                401,
                "invalid_client",
                f"AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client"
                f" secret value, not the client secret ID, for a secret added to app '{client_id}'.",
            )
        return self._issued(_audience(form), client_id)

    def _vouches(self, assertion: str, endpoint: str) -> bool:
        """RFC 7523: signed with the certificate's key for this endpoint, or by an issuer that is trusted."""
        if assertion == self._sign_in.federated_token:
            return True
        if self._sign_in.client_certificate is None:
            return False
        certificate = load_pem_x509_certificate(self._sign_in.client_certificate.encode())
        key = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        try:
            jwt.decode(assertion, key, algorithms=["RS256", "PS256"], audience=endpoint)
        except jwt.InvalidTokenError:
            return False
        return True

    async def _device_code(self, request: web.Request) -> web.Response:
        form = await _form(request)
        code = _DeviceCode(form.get("client_id", ""), _audience(form), approved=self._sign_in.approve_devices)
        device_code = secrets.token_urlsafe(24)
        self._device_codes[device_code] = code
        where = f"{request.scheme}://{request.host}/_control/devicecodes/{code.user_code}"
        return web.json_response({
            "device_code": device_code,
            "user_code": code.user_code,
            "verification_uri": where,
            "expires_in": _DEVICE_LIFETIME,
            "interval": 1,
            "message": f"To sign in, PUT {where} (code {code.user_code}).",
        })  # fmt: skip

    async def _approve(self, request: web.Request) -> web.Response:
        for code in self._device_codes.values():
            if code.user_code == request.match_info["user_code"]:
                code.approved = True
                return web.Response(status=204)
        raise web.HTTPNotFound

    def _device_token(self, device_code: str, issuer: str) -> web.Response:
        code = self._device_codes.get(device_code)
        if code is None:
            return _refused(400, "bad_verification_code", "AADSTS70019: Verification code not recognised.")
        if code.expires <= time.time():
            return _refused(400, "expired_token", "AADSTS70020: The device code has expired.")
        if not code.approved:
            return _refused(
                400, "authorization_pending", "AADSTS70016: The user has not entered the code yet."
            )
        del self._device_codes[device_code]
        user = {
            "iss": issuer,
            "aud": code.client_id,
            "sub": _USER,
            "oid": _USER,
            "preferred_username": "local",
        }
        return self._issued(code.audience, code.client_id, id_token=self._tokens.sign(user))

    def _issued(self, audience: str, client_id: str, **more: str) -> web.Response:
        token, expires = self._tokens.issue(audience, client_id)
        lifetime = expires - int(time.time())
        return web.json_response({
            "token_type": "Bearer",
            "scope": f"{audience}/.default",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
            **more,
        })  # fmt: skip


def _issuer(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}/{request.match_info['tenant']}/v2.0"


async def _form(request: web.Request) -> dict[str, str]:
    return dict(parse_qsl(await request.text()))


def _audience(form: dict[str, str]) -> str:
    """The resource among the scopes; `openid`, `profile` and `offline_access` come with every device code."""
    for wanted in form.get("scope", "").split():
        if "/" in wanted:
            return wanted.rpartition("/")[0]
    return PURVIEW


def _refused(status: int, error: str, description: str) -> web.Response:
    """Entra's error body, of which clients read `error` and show `error_description`."""
    code = int("".join(filter(str.isdigit, description.partition(":")[0])))
    trace, correlation = str(uuid4()), str(uuid4())
    now = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    body = {
        "error": error,
        "error_description": f"{description} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
        "error_codes": [code],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
    }
    return web.json_response(body, status=status)
