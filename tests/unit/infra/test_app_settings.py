"""What Bicep tells the app and what the app reads: the same, both ways."""

import json
import re
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import TracerProvider
from pydantic import TypeAdapter

from lineage.settings import MAX_DEQUEUE_COUNT, Settings, Storage
from tests.unit.infra.bicep import INFRA, ROOT, Expression, calls, declared, one, parse

MAIN = INFRA / "main.bicep"

# Read by the Functions host; those of Application Insights by the app's exporter as well.
HOSTS_OWN = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "LineageStorage__credential",
}
# Read by OpenTelemetry inside the app.
OPENTELEMETRYS_OWN = {"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
# Read by the app, and of no use where its managed identity does everything.
NOT_IN_AZURE = {
    "AZURE_FEDERATED_TOKEN_FILE",
    "LineageStorage",  # a connection string has a key, and there are no keys
    "PURVIEW_CLIENT_CERTIFICATE_PASSWORD",
    "PURVIEW_CLIENT_CERTIFICATE_PATH",
    "PURVIEW_CLIENT_SECRET",
    "PURVIEW_TENANT_ID",
    MAX_DEQUEUE_COUNT,  # host.json says it
}


def read_by_the_app():
    models = (Settings, Storage)
    return {field.alias for model in models for field in model.model_fields.values() if field.alias}


def told():
    """Every setting, as Bicep has it."""
    own = one("module", "settings", MAIN).value["params"]["lineageSettings"]
    ((_, added),) = calls(parse(INFRA / "app-settings.bicep"), "union")
    return own | added


def by_default():
    """The app settings of a deployment for which only the Purview endpoint was chosen."""
    computed = {
        "PURVIEW_ENDPOINT": "https://contoso.purview.azure.com",
        "PURVIEW_AUTHORITY_HOST": "https://login.microsoftonline.com/",
        "LINEAGE_NAMING_RULES": "",
    }
    return {name: computed.get(name) or _value(value) for name, value in told().items()}


def _value(value):
    if not isinstance(value, Expression):
        return value
    if service := re.fullmatch(r"storage\.properties\.primaryEndpoints\.(\w+)", value):
        return f"https://st0.{service[1]}.core.windows.net/"
    parameter = re.sub(r"^string\((\w+)\)$", r"\1", value)
    known = {"identityClientId": "0e2f6f0e-0000-0000-0000-000000000000"}
    if parameter in known or not parameter.isidentifier():
        return known.get(parameter, "")
    return str(one("parameter", parameter, MAIN).value)


def test_the_app_is_told_what_it_reads_and_nothing_else():
    assert set(told()) - HOSTS_OWN - OPENTELEMETRYS_OWN == read_by_the_app() - NOT_IN_AZURE, (
        "a new setting needs a parameter in infra/main.bicep and main.parameters.json, or a place in NOT_IN_AZURE"
    )


def test_the_host_is_told_what_it_reads():
    assert set(told()) & HOSTS_OWN == HOSTS_OWN


@pytest.mark.parametrize("connection", ["LineageStorage", "AzureWebJobsStorage"])
def test_a_connection_by_identity_says_where_how_and_who(connection):
    settings = {name: value for name, value in told().items() if name.startswith(f"{connection}__")}

    for service in ("queue", "blob", "table"):
        assert (
            settings[f"{connection}__{service}ServiceUri"] == f"storage.properties.primaryEndpoints.{service}"
        )
    assert settings[f"{connection}__credential"] == "managedidentity"
    assert settings[f"{connection}__clientId"] == "identityClientId"


def test_no_setting_steers_identities_other_than_ours():
    assert "AZURE_CLIENT_ID" not in told()


def test_telemetry_signs_in_as_the_apps_identity():
    authentication = told()["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]

    assert authentication == "'ClientId=${identityClientId};Authorization=AAD'"


def test_traces_are_sampled_whatever_the_host_says_and_all_of_them_by_default(monkeypatch):
    for name in OPENTELEMETRYS_OWN:
        monkeypatch.setenv(name, by_default()[name])

    assert TracerProvider().sampler.get_description() == "TraceIdRatioBased{1.0}"


def test_a_deployment_left_at_its_defaults_is_one_that_the_app_accepts():
    settings = Settings.read(by_default())

    assert settings.auth == "managed-identity"
    assert settings.storage.queue_url == "https://st0.queue.core.windows.net"


def test_defaults_of_the_deployment_are_those_of_the_app():
    chosen = {"PURVIEW_ENDPOINT", "PURVIEW_CLIENT_ID", "LINEAGE_QUEUE_NAME"}
    deployed = Settings.read(by_default())

    for name, field in Settings.model_fields.items():
        if field.alias in told() and field.alias not in chosen:
            assert getattr(deployed, name) == field.default, field.alias


def test_choices_that_the_deployment_offers_are_those_of_the_app():
    for parameter, setting in (
        ("onMissing", "on_missing"),
        ("openLineageOnMissing", "openlineage_on_missing"),
    ):
        offered = one("parameter", parameter, MAIN).decorators["allowed"]
        assert tuple(offered) == Settings.model_fields[setting].annotation.__args__


def test_durations_are_written_as_iso_8601():
    for name in ("reassertAfter", "keepRuns", "giveUpAfter", "retryAfter", "retryAfterMax"):
        default = one("parameter", name, MAIN).value
        assert default.startswith("P")
        assert TypeAdapter(timedelta).validate_python(default)


def test_host_json_names_no_setting_that_is_missing():
    expanded = re.findall(r"%(\w+)%", (ROOT / "function_app.py").read_text("utf-8"))

    assert expanded
    assert set(expanded) <= set(told())


def test_every_parameter_of_the_deployment_can_be_chosen_with_azd():
    chosen = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
    parameters = {parameter.name for parameter in declared("parameter", MAIN)}

    assert set(chosen) == parameters


def test_defaults_in_the_parameters_file_are_those_of_the_template():
    chosen = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
    for parameter in declared("parameter", MAIN):
        value = chosen[parameter.name]["value"]
        if parameter.name == "principalId":
            assert value == "${AZURE_PRINCIPAL_ID}"
        elif parameter.value is None:
            assert re.fullmatch(r"\$\{[A-Z_]+\}", value), parameter.name
        elif isinstance(parameter.value, list):
            assert value == parameter.value
        else:
            variable, default = re.fullmatch(r"\$\{([A-Z_]+)=(.*)\}", value).groups()
            assert default == str(parameter.value).replace("False", "false"), variable
