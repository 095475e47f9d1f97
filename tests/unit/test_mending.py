"""The commands that mend what is wrong: such that a shell takes them, and that they help."""

import shlex

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from lineage.errors import SignInFailed, StorageFailed
from lineage.mending import Mending
from lineage.settings import Settings

BY_IDENTITY = {
    f"LineageStorage__{service}ServiceUri": f"https://contoso.{service}.core.windows.net"
    for service in ("queue", "blob", "table")
}
BY_KEY = {"LineageStorage": "UseDevelopmentStorage=true"}


def mending(**settings):
    given = {"PURVIEW_ACCOUNT_NAME": "contoso", "LINEAGE_QUEUE_NAME": "lineage"}
    return Mending(Settings.read({**given, **settings}))


def storage_failed(cause):
    error = StorageFailed("storage: no")
    error.__cause__ = cause
    return error


@pytest.fixture
def refused():
    cause = HttpResponseError("no")
    cause.status_code = 403
    return storage_failed(cause)


@pytest.fixture
def unanswered():
    return storage_failed(ServiceRequestError("no such host"))


def test_each_role_that_storage_asks_for_is_a_command_of_its_own(refused):
    commands = mending(**BY_IDENTITY).storage(refused).split(" && ")

    assert [shlex.split(command)[-2:] for command in commands] == [
        ["--role", f"Storage {service} Data Contributor"] for service in ("Queue", "Table", "Blob")
    ]


def test_where_the_app_comes_by_identity_nobody_is_told_to_set_a_connection_string(unanswered):
    fix = mending(**BY_IDENTITY).storage(unanswered)

    assert shlex.split(fix, comments=True) == ["curl", "--verbose", *BY_IDENTITY.values()]
    assert "private endpoints" in fix
    assert "<connection string>" not in fix


def test_where_it_comes_with_a_connection_string_that_is_what_to_correct(unanswered):
    assert mending(**BY_KEY).storage(unanswered).endswith("'LineageStorage=<connection string>'")


def test_the_identity_to_assign_is_the_one_that_the_settings_name():
    no_token = SignInFailed("no token")

    own = mending(**BY_KEY).identity(no_token)
    users = mending(**BY_KEY, PURVIEW_CLIENT_ID="0b8cf1b6").identity(no_token)

    assert "az functionapp identity assign " in own
    assert "--identities" not in own
    assert users == f"{own} --identities <resource id of the identity 0b8cf1b6>"
