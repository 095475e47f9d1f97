"""Signing in with azure-identity's own credentials, and what a token has to be."""

import time

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, DeviceCodeCredential, ManagedIdentityCredential

from local.datamap.errors import Refused
from local.datamap.identity import SIGN_IN, SignIn
from local.datamap.process import running, token
from local.datamap.tokens import PURVIEW, Tokens

SCOPE = f"{PURVIEW}/.default"
TENANT = "11111111-1111-4111-8111-111111111111"
APP = "22222222-2222-4222-8222-222222222222"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return tmp_path_factory.mktemp("tls") / "datamap.pem"


@pytest.fixture(scope="module")
def entra(certificate):
    """The address of a stand-in that speaks https."""
    with running("--self-signed", str(certificate)) as address:
        yield address


@pytest.fixture
def authority(entra, certificate):
    """What a credential needs to take the stand-in for Entra."""
    return {"authority": entra, "disable_instance_discovery": True, "connection_verify": str(certificate)}


def test_a_managed_identity_signs_in(monkeypatch):
    with running("--identity-header", "another header") as address:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{address}/identity/token")
        monkeypatch.setenv("IDENTITY_HEADER", "another header")
        with ManagedIdentityCredential() as credential:
            issued = credential.get_token(SCOPE)

    assert issued.token.count(".") == 2
    assert issued.expires_on > time.time()


async def test_a_managed_identity_needs_the_right_header(stand_in):
    answer = await stand_in.client.get(
        "/identity/token", params={"resource": PURVIEW}, headers={"X-IDENTITY-HEADER": "guess"}
    )

    assert answer.status == 401


async def test_a_managed_identity_asks_for_a_resource(stand_in):
    header = {"X-IDENTITY-HEADER": SIGN_IN.identity_header}

    assert (await stand_in.client.get("/identity/token", headers=header)).status == 400


def test_an_app_signs_in_with_its_secret(authority):
    with ClientSecretCredential(TENANT, APP, SIGN_IN.client_secret, **authority) as credential:
        assert credential.get_token(SCOPE).expires_on > time.time()


def test_a_wrong_secret_is_refused_as_entra_does(authority):
    with (
        ClientSecretCredential(TENANT, APP, "wrong", **authority) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(SCOPE)


async def test_an_expired_secret_is_refused_in_entras_shape(stand_in):
    form = {"grant_type": "client_credentials", "client_id": APP, "client_secret": SIGN_IN.expired_secret}

    answer = await stand_in.client.post(f"/{TENANT}/oauth2/v2.0/token", data=form)
    body = await answer.json()

    assert answer.status == 401
    assert (body["error"], body["error_codes"]) == ("invalid_client", [7000222])
    assert body["error_description"].startswith(
        f"AADSTS7000222: The provided client secret keys for app '{APP}'"
    )
    assert body["trace_id"] in body["error_description"]
    assert body["error_uri"].endswith("?code=7000222")
    assert {"timestamp", "correlation_id"} <= set(body)


def test_a_user_signs_in_with_a_device_code(authority):
    prompts = []

    with DeviceCodeCredential(
        APP, tenant_id=TENANT, prompt_callback=lambda *prompt: prompts.append(prompt), **authority
    ) as credential:
        assert credential.get_token(SCOPE).expires_on > time.time()

    [(address, code, _)] = prompts
    assert address.endswith(code)


async def test_a_device_code_may_wait_for_approval(start):
    stand_in = await start(SignIn(approve_devices=False))
    base = f"/{TENANT}/oauth2/v2.0"
    asked = await stand_in.client.post(
        f"{base}/devicecode", data={"client_id": APP, "scope": f"openid {SCOPE}"}
    )
    code = await asked.json()
    poll = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": code["device_code"],
        "client_id": APP,
    }

    waiting = await stand_in.client.post(f"{base}/token", data=poll)
    assert (waiting.status, (await waiting.json())["error"]) == (400, "authorization_pending")

    assert (await stand_in.client.put(f"/_control/devicecodes/{code['user_code']}")).status == 204
    issued = await (await stand_in.client.post(f"{base}/token", data=poll)).json()
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    assert (await stand_in.call("GET", "/types/typedefs/headers", headers=headers)).status == 200

    again = await stand_in.client.post(f"{base}/token", data=poll)
    assert (await again.json())["error"] == "bad_verification_code"


async def test_a_device_code_that_nobody_was_given_cannot_be_approved(stand_in):
    assert (await stand_in.client.put("/_control/devicecodes/NOBODY")).status == 404


async def test_other_grants_are_refused(stand_in):
    answer = await stand_in.client.post(f"/{TENANT}/oauth2/v2.0/token", data={"grant_type": "password"})

    assert (answer.status, (await answer.json())["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("authorization", [None, "", "Bearer ", "Bearer a.b.c", "Bearer ünfug", "Basic dTpw"])
async def test_without_a_token_of_the_stand_ins_own_the_answer_is_401(stand_in, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = await stand_in.call("GET", "/types/typedefs", headers=headers)

    assert answer.status == 401
    assert set((await answer.json())["error"]) == {"code", "message"}


async def test_a_token_for_another_audience_is_refused_by_name(stand_in):
    asked = {"resource": "https://storage.azure.com"}
    header = {"X-IDENTITY-HEADER": SIGN_IN.identity_header}
    issued = await (await stand_in.client.get("/identity/token", params=asked, headers=header)).json()

    answer = await stand_in.call(
        "GET", "/types/typedefs", headers={"Authorization": f"Bearer {issued['access_token']}"}
    )

    assert answer.status == 401
    assert "https://storage.azure.com" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/account/collections", "/policystore/metadataPolicies", "/catalog/api/atlas/v2/types/typedefs"]
)
async def test_every_route_of_the_account_asks_for_a_token(stand_in, path):
    assert (await stand_in.client.get(path)).status == 401


def test_a_token_expires():
    now = [1000.0]
    tokens = Tokens(clock=lambda: now[0], lifetime=60)
    issued, expires = tokens.issue(PURVIEW, APP)
    assert expires == 1060

    tokens.check(f"Bearer {issued}")
    now[0] = 1060

    with pytest.raises(Refused, match="expired"):
        tokens.check(f"Bearer {issued}")


def test_a_token_of_another_stand_in_is_refused():
    issued, _ = Tokens().issue(PURVIEW, APP)

    with pytest.raises(Refused, match="not valid"):
        Tokens().check(f"Bearer {issued}")


def test_the_token_of_a_running_stand_in_opens_it(entra, certificate):
    assert token(entra, verify=str(certificate)).count(".") == 2
