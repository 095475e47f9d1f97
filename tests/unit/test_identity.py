"""Settings to credential. Whether the credentials sign in is shown against a token endpoint, not here."""

import base64
import json

import pytest
from azure.identity import ClientSecretCredential, ManagedIdentityCredential

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


@pytest.mark.parametrize("given", [{}, {"LineageStorage__clientId": "client"}])
def test_storage_is_reached_as_the_app_itself(given):
    assert isinstance(storage_credential(settings_of(**given).storage), ManagedIdentityCredential)


@pytest.mark.parametrize("authority", ["https://login.microsoftonline.us", "https://127.0.0.1:8443"])
def test_a_client_secret_is_used_where_it_is_asked_for(authority):
    settings = settings_of(**SECRET, PURVIEW_AUTHORITY_HOST=authority)

    assert isinstance(purview_credential(settings), ClientSecretCredential)


@pytest.mark.parametrize(
    "lacking",
    [
        ["PURVIEW_TENANT_ID"],
        ["PURVIEW_CLIENT_ID"],
        ["PURVIEW_CLIENT_SECRET"],
        ["PURVIEW_TENANT_ID", "PURVIEW_CLIENT_ID", "PURVIEW_CLIENT_SECRET"],
    ],
)
def test_what_a_client_secret_lacks_is_named_setting_by_setting(lacking):
    settings = settings_of(**{name: value for name, value in SECRET.items() if name not in lacking})

    with pytest.raises(InvalidSettings) as caught:
        purview_credential(settings)

    assert [(mistake.path, mistake.message) for mistake in caught.value.mistakes] == [
        (name, "PURVIEW_AUTH=client-secret needs this app setting") for name in lacking
    ]
    assert "hush" not in str(caught.value)


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
