"""Settings to credential. Whether the credentials sign in is shown against a token endpoint, not here."""

import base64
import json

import pytest
from azure.identity import (
    AzureCliCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from lineage.device_code import RememberedSignIn
from lineage.errors import InvalidSettings
from lineage.identity import principal_of, purview_credential, storage_credential
from lineage.settings import Settings

SECRET = {
    "PURVIEW_AUTH": "client-secret",
    "PURVIEW_TENANT_ID": "tenant",
    "PURVIEW_CLIENT_ID": "client",
    "PURVIEW_CLIENT_SECRET": "hush",
}


def settings_of(**given):
    base = {
        "PURVIEW_ACCOUNT_NAME": "contoso",
        "LINEAGE_QUEUE_NAME": "lineage",
        "LineageStorage__queueServiceUri": "https://q.core.windows.net",
        "LineageStorage__blobServiceUri": "https://b.core.windows.net",
        "LineageStorage__tableServiceUri": "https://t.core.windows.net",
    }
    return Settings.read(base | given)


@pytest.mark.parametrize("given", [{}, {"PURVIEW_CLIENT_ID": "client"}])
def test_the_app_signs_in_as_itself_unless_told_otherwise(given):
    assert isinstance(purview_credential(settings_of(**given)), ManagedIdentityCredential)


@pytest.mark.parametrize(
    ("environment", "given"),
    [({"IDENTITY_ENDPOINT": "http://127.0.0.1:1"}, {}), ({}, {"LineageStorage__clientId": "client"})],
)
def test_storage_is_reached_as_the_app_itself_where_it_has_an_identity(monkeypatch, environment, given):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert isinstance(storage_credential(settings_of(**given).storage), ManagedIdentityCredential)


def test_storage_is_reached_as_the_developer_where_there_is_no_managed_identity(monkeypatch):
    monkeypatch.delenv("IDENTITY_ENDPOINT", raising=False)

    assert isinstance(storage_credential(settings_of().storage), DefaultAzureCredential)


@pytest.mark.parametrize("authority", ["https://login.microsoftonline.us", "https://127.0.0.1:8443"])
def test_a_client_secret_is_used_where_it_is_asked_for(authority):
    settings = settings_of(**SECRET, PURVIEW_AUTHORITY_HOST=authority)

    assert isinstance(purview_credential(settings), ClientSecretCredential)


CERTIFICATE = {
    "PURVIEW_AUTH": "client-certificate",
    "PURVIEW_TENANT_ID": "tenant",
    "PURVIEW_CLIENT_ID": "client",
    "PURVIEW_CLIENT_CERTIFICATE_PATH": "certificate.pem",
}
WORKLOAD = {
    "PURVIEW_AUTH": "workload-identity",
    "PURVIEW_TENANT_ID": "tenant",
    "PURVIEW_CLIENT_ID": "client",
    "AZURE_FEDERATED_TOKEN_FILE": "token",
}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (WORKLOAD, WorkloadIdentityCredential),
        ({"PURVIEW_AUTH": "azure-cli"}, AzureCliCredential),
        ({"PURVIEW_AUTH": "azure-cli", "PURVIEW_TENANT_ID": "tenant"}, AzureCliCredential),
        ({"PURVIEW_AUTH": "device-code"}, RememberedSignIn),
        ({"PURVIEW_AUTH": "default"}, DefaultAzureCredential),
        ({"PURVIEW_AUTH": "default", "PURVIEW_CLIENT_ID": "client"}, DefaultAzureCredential),
    ],
)
def test_each_way_to_sign_in_has_its_credential(given, kind):
    assert isinstance(purview_credential(settings_of(**given)), kind)


@pytest.mark.parametrize(
    "authority",
    [
        "https://login.microsoftonline.com",
        "https://login.microsoftonline.us",
        "https://login.partner.microsoftonline.cn",
    ],
)
@pytest.mark.parametrize("given", [SECRET, WORKLOAD, {"PURVIEW_AUTH": "device-code"}])
def test_every_cloud_is_a_matter_of_settings(given, authority):
    settings = settings_of(
        **given,
        PURVIEW_AUTHORITY_HOST=authority,
        PURVIEW_SCOPE="https://purview.azure.us/.default",
        PURVIEW_ENDPOINT="https://contoso.purview.azure.us",
    )

    assert purview_credential(settings)
    assert (settings.authority, settings.endpoint) == (authority, "https://contoso.purview.azure.us")


@pytest.mark.parametrize("complete", [SECRET, CERTIFICATE, WORKLOAD])
def test_what_a_way_to_sign_in_lacks_is_named_setting_by_setting(complete):
    needed = [name for name in complete if name != "PURVIEW_AUTH"]
    for lacking in [[name] for name in needed] + [needed]:
        settings = settings_of(**{name: value for name, value in complete.items() if name not in lacking})

        with pytest.raises(InvalidSettings) as caught:
            purview_credential(settings)

        message = f"PURVIEW_AUTH={complete['PURVIEW_AUTH']} needs this app setting"
        assert [(each.path, each.message) for each in caught.value.mistakes] == [
            (name, message) for name in lacking
        ]
        assert "hush" not in str(caught.value)


def test_a_tenant_that_cannot_be_one_is_a_mistake_in_the_settings():
    with pytest.raises(InvalidSettings, match=r"PURVIEW_AUTH: .*tenant"):
        purview_credential(settings_of(**SECRET | {"PURVIEW_TENANT_ID": "no tenant!"}))


def test_a_certificate_that_is_not_there_is_a_mistake_in_its_setting(tmp_path):
    given = CERTIFICATE | {"PURVIEW_CLIENT_CERTIFICATE_PATH": str(tmp_path / "none.pem")}

    with pytest.raises(InvalidSettings, match=r"PURVIEW_CLIENT_CERTIFICATE_PATH: .*none\.pem"):
        purview_credential(settings_of(**given))


def test_a_certificate_that_is_none_is_a_mistake_in_its_setting(tmp_path):
    path = tmp_path / "certificate.pem"
    path.write_text("nothing of the kind")

    with pytest.raises(InvalidSettings, match=r"^PURVIEW_CLIENT_CERTIFICATE_PATH: "):
        purview_credential(settings_of(**CERTIFICATE | {"PURVIEW_CLIENT_CERTIFICATE_PATH": str(path)}))


# Whom a token speaks for


def token_of(claims):
    return f"head.{base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.signature"


@pytest.mark.parametrize("padding", ["", "x", "xx", "xxx"])
def test_a_role_can_be_granted_to_whom_a_token_speaks_for(padding):
    claims = {"oid": "the object", "appid": "the application", "more": padding}

    assert (
        principal_of(token_of(claims))
        == "the identity with object id the object (application the application)"
    )


def test_a_person_signs_in_without_an_application():
    assert principal_of(token_of({"oid": "x"})) == "the identity with object id x (application unknown)"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "a.b",
        "a.***.c",
        "a.bücher.c",
        token_of({}),
        token_of([]),
        token_of("oid"),
        token_of(None),
    ],
)
def test_a_token_that_says_nothing_is_the_apps(token):
    assert principal_of(token) == "the app's identity"
