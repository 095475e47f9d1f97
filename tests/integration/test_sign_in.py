"""Every way to sign in, from the settings to a lineage that the app wrote and the Data Map gives back."""

import datetime as dt
import json
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
import requests
from azure.identity import TokenCachePersistenceOptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from lineage import device_code
from lineage.errors import SignInFailed
from lineage.service import Service
from lineage.settings import Settings
from local.datamap.identity import SIGN_IN
from local.datamap.process import running, token

TENANT = "11111111-1111-4111-8111-111111111111"
APP = "22222222-2222-4222-8222-222222222222"
FEDERATED = "a token of another issuer"
ENTRA = {"PURVIEW_TENANT_ID": TENANT, "PURVIEW_CLIENT_ID": APP}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sign-in")


@pytest.fixture(scope="module")
def app_certificate(folder):
    """The app's own certificate and key, self-made, in one file; and the certificate alone, which Entra is given."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"sesame"),
    )
    (folder / "public.pem").write_bytes(public)
    (folder / "app.pem").write_bytes(private + public)
    return folder / "app.pem", folder / "public.pem"


@pytest.fixture(scope="module")
def purview(folder, app_certificate):
    """A Data Map and an Entra that speak TLS, as azure-identity demands of an authority."""
    options = ["--self-signed", folder / "tls.pem", "--no-approve-devices"]
    options += ["--client-certificate", app_certificate[1], "--federated-token", FEDERATED]
    with running(*map(str, options)) as address:
        yield address


@pytest.fixture
def datasets(purview, folder, monkeypatch):
    """Two datasets of the test's own, as guids; from here on everybody trusts the stand-in's certificate."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "tls.pem"))
    run = uuid4().hex
    entities = [
        {"typeName": "DataSet", "guid": guid, "attributes": {"name": guid, "qualifiedName": f"{run}{guid}"}}
        for guid in ("-1", "-2")
    ]
    answer = requests.post(
        f"{purview}/datamap/api/atlas/v2/entity/bulk",
        json={"entities": entities},
        headers={"Authorization": f"Bearer {token(purview)}"},
        timeout=30,
    )
    guids = answer.json()["guidAssignments"]
    return guids["-1"], guids["-2"]


@pytest.fixture
def settings_of(purview, storage):
    def settings_of(**given):
        return Settings.read(
            {
                "PURVIEW_ENDPOINT": purview,
                "PURVIEW_AUTHORITY_HOST": purview,
                "LINEAGE_QUEUE_NAME": "sign-in",
                "LineageStorage": storage.connection_string.get_secret_value(),
                **given,
            }
        )

    return settings_of


async def write_and_read_back(settings, datasets):
    """Direct lineage between the two, through the app's own service."""
    source, target = datasets
    service = Service(settings)
    try:
        outcome = await service.apply({"source": source, "target": target})
        graph = await service.datamap.lineage(source, direction="OUTPUT", depth=1, width=10)
    finally:
        await service.close()
    assert outcome.relationships[0].result == "created"
    assert [(each["fromEntityId"], each["toEntityId"]) for each in graph["relations"]] == [(source, target)]


async def test_a_managed_identity(settings_of, datasets, purview, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{purview}/identity/token")
    monkeypatch.setenv("IDENTITY_HEADER", SIGN_IN.identity_header)

    await write_and_read_back(settings_of(), datasets)


async def test_a_user_assigned_managed_identity_is_named_by_its_client_id(
    settings_of, datasets, purview, monkeypatch
):
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{purview}/identity/token")
    monkeypatch.setenv("IDENTITY_HEADER", SIGN_IN.identity_header)
    service = Service(settings_of(PURVIEW_CLIENT_ID=APP))

    claims = await service.datamap.claims()
    await service.close()

    assert claims["appid"] == APP
    await write_and_read_back(settings_of(PURVIEW_CLIENT_ID=APP), datasets)


async def test_a_client_secret(settings_of, datasets):
    settings = settings_of(PURVIEW_AUTH="client-secret", PURVIEW_CLIENT_SECRET=SIGN_IN.client_secret, **ENTRA)

    await write_and_read_back(settings, datasets)


async def test_a_wrong_client_secret_is_said_in_entras_words_and_not_shown(settings_of, datasets):
    settings = settings_of(PURVIEW_AUTH="client-secret", PURVIEW_CLIENT_SECRET="hush-hush", **ENTRA)

    with pytest.raises(SignInFailed, match="AADSTS7000215") as caught:
        await write_and_read_back(settings, datasets)

    assert "hush-hush" not in str(caught.value)


async def test_a_client_certificate(settings_of, datasets, app_certificate):
    settings = settings_of(
        PURVIEW_AUTH="client-certificate",
        PURVIEW_CLIENT_CERTIFICATE_PATH=str(app_certificate[0]),
        PURVIEW_CLIENT_CERTIFICATE_PASSWORD="sesame",
        **ENTRA,
    )

    await write_and_read_back(settings, datasets)


async def test_a_workload_identity(settings_of, datasets, tmp_path):
    (tmp_path / "token").write_text(FEDERATED)
    settings = settings_of(
        PURVIEW_AUTH="workload-identity", AZURE_FEDERATED_TOKEN_FILE=str(tmp_path / "token"), **ENTRA
    )

    await write_and_read_back(settings, datasets)


async def test_a_federated_token_that_nobody_trusts(settings_of, datasets, tmp_path):
    (tmp_path / "token").write_text("made up")
    settings = settings_of(
        PURVIEW_AUTH="workload-identity", AZURE_FEDERATED_TOKEN_FILE=str(tmp_path / "token"), **ENTRA
    )

    with pytest.raises(SignInFailed, match="AADSTS700027"):
        await write_and_read_back(settings, datasets)


FAKE_AZ = """#!{python}
import json, sys
assert sys.argv[1:3] == ["account", "get-access-token"], sys.argv
assert "https://purview.azure.net" in sys.argv, sys.argv
json.dump({{"accessToken": {token!r}, "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": 4070908800}}, sys.stdout)
"""


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for az is a script that names its interpreter")
@pytest.mark.parametrize("auth", ["azure-cli", "default"])
async def test_whoever_is_signed_in_to_the_azure_cli(
    settings_of, datasets, purview, folder, tmp_path, monkeypatch, auth
):
    az = tmp_path / "az"
    issued = token(purview, verify=str(folder / "tls.pem"))
    az.write_text(FAKE_AZ.format(python=sys.executable, token=issued))
    az.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")  # of the default's chain, only this

    await write_and_read_back(settings_of(PURVIEW_AUTH=auth), datasets)


# Device code: a person, an address, a code


class Person:
    """Reads the prompt on standard error, opens the address and enters the code."""

    def __init__(self, monkeypatch, ca):
        self.prompts = []
        self._ca = ca
        monkeypatch.setattr(device_code, "sys", SimpleNamespace(stderr=self))

    def write(self, text):
        if "enter the code" in text:
            self.prompts.append(text)
            address = text.split("open ")[1].split()[0]
            threading.Timer(0.2, self._approve, [address]).start()

    def flush(self):
        pass

    def _approve(self, address):
        assert requests.put(address, verify=self._ca, timeout=10).status_code == 204


@pytest.fixture
def person(folder, monkeypatch):
    return Person(monkeypatch, str(folder / "tls.pem"))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """No test touches what is remembered of the person who runs it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


async def test_a_device_code_is_shown_waited_for_and_enough_for_all_calls(
    settings_of, datasets, person, home, monkeypatch
):
    monkeypatch.setattr(device_code, "can_encrypt", lambda _: False)

    await write_and_read_back(settings_of(PURVIEW_AUTH="device-code", **ENTRA), datasets)

    (prompt,) = person.prompts
    assert "To sign in, open https://127.0.0.1:" in prompt
    assert list(home.iterdir()) == [], "where nothing can be encrypted, nothing is kept"


async def test_a_device_code_is_asked_for_once_where_tokens_can_be_kept_safely(
    settings_of, datasets, person, home, monkeypatch
):
    def unencrypted(name):  # the machine that runs the tests may have no keychain
        return TokenCachePersistenceOptions(name=name, allow_unencrypted_storage=True)

    monkeypatch.setattr(device_code, "can_encrypt", lambda _: True)
    monkeypatch.setattr(device_code, "TokenCachePersistenceOptions", unencrypted)
    settings = settings_of(PURVIEW_AUTH="device-code", **ENTRA)

    await write_and_read_back(settings, datasets)
    again = Service(settings)
    assert "object id" in await again.datamap.sign_in()
    await again.close()

    assert len(person.prompts) == 1
    (record,) = (home / ".purview-lineage").glob("*.json")
    assert "secret" not in json.loads(record.read_text())


async def test_what_is_remembered_may_be_damaged(settings_of, datasets, person, home, monkeypatch):
    monkeypatch.setattr(device_code, "can_encrypt", lambda _: False)
    (home / ".purview-lineage").mkdir()
    (home / ".purview-lineage" / "record.json").write_text("{")
    remembered = device_code.RememberedSignIn({}, home / ".purview-lineage" / "record.json")

    assert remembered._remembered() is None
    await write_and_read_back(settings_of(PURVIEW_AUTH="device-code", **ENTRA), datasets)
    assert len(person.prompts) == 1


def test_a_place_where_tokens_can_be_encrypted_is_tried_out(tmp_path):
    assert device_code.can_encrypt(Path(tmp_path) / "record.json") in {True, False}
