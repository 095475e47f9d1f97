"""Templates that nobody can compile offline, held to what a compiler and a reviewer would ask first."""

import re
from collections import defaultdict

import pytest

from tests.unit.infra.bicep import INFRA, ROOT, calls, declared, files, objects, one, parse

MAIN = INFRA / "main.bicep"

# Every one of them is in Azure/bicep-types-az under generated/{provider}/{namespace}/{version}/types.md. Those of
# Flex Consumption are what Azure-Samples/azure-functions-flex-consumption-samples deploys.
VERSIONS = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2023-01-31",
    "Microsoft.Network/privateDnsZones": "2020-06-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "2020-06-01",
    "Microsoft.Network/privateEndpoints": "2024-05-01",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "2024-05-01",
    "Microsoft.Network/virtualNetworks": "2024-05-01",
    "Microsoft.OperationalInsights/workspaces": "2023-09-01",
    "Microsoft.Resources/resourceGroups": "2024-11-01",
    "Microsoft.Storage/storageAccounts": "2024-01-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2024-01-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2024-01-01",
    "Microsoft.Storage/storageAccounts/queueServices": "2024-01-01",
    "Microsoft.Storage/storageAccounts/queueServices/queues": "2024-01-01",
    "Microsoft.Storage/storageAccounts/tableServices": "2024-01-01",
    "Microsoft.Storage/storageAccounts/tableServices/tables": "2024-01-01",
    "Microsoft.Web/serverfarms": "2024-04-01",
    "Microsoft.Web/sites": "2024-04-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2024-04-01",
    "Microsoft.Web/sites/config": "2024-04-01",
}
DECLARATIONS = ("parameter", "variable", "resource", "module")


def identifiers(node):
    """Names that an expression refers to: neither keys, nor members, nor functions."""
    parent = node.parent
    skipped = parent is not None and (
        (parent.type == "object_property" and parent.named_children[0] == node)
        or (parent.type == "call_expression" and parent.named_children[0] == node)
        or (parent.type == "for_statement" and node.next_sibling.type in {"in", ",", ")"})
        or parent.type in {"for_loop_parameters", "lambda_expression"}
    )
    found = [node.text.decode()] if node.type in {"identifier", "variable_access"} and not skipped else []
    return found + [name for child in node.named_children for name in identifiers(child)]


def own_names(path):
    return [declaration.name for kind in DECLARATIONS for declaration in declared(kind, path)]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_template_parses(path):
    assert not parse(path).has_error


def test_resources_are_of_known_types_and_versions():
    used = {declaration.of for declaration in declared("resource")}

    assert used == {f"{name}@{version}" for name, version in VERSIONS.items()}


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_parameter_and_output_is_described(path):
    for kind in ("parameter", "output"):
        for declaration in declared(kind, path):
            assert len(str(declaration.decorators.get("description", ""))) >= len("Region."), declaration.name


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_name_is_declared_once(path):
    names = own_names(path)

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_everything_declared_is_used(path):
    text = path.read_text("utf-8")

    for kind in ("parameter", "variable"):
        for declaration in declared(kind, path):
            assert len(re.findall(rf"\b{declaration.name}\b", text)) > 1, declaration.name


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_whatever_a_template_refers_to_is_declared_in_it(path):
    loops = re.findall(r"for \(?(\w+)(?:, (\w+)\))? in", path.read_text("utf-8"))
    arguments = re.findall(r"(\w+) =>", path.read_text("utf-8"))
    known = {*own_names(path), *(name for loop in loops for name in loop), *arguments}
    referred = {
        name
        for node in parse(path).named_children
        if node.type.endswith("_declaration")
        for value in node.named_children[2 if node.type != "variable_declaration" else 1 :]
        for name in identifiers(value)
    }

    assert referred - known == set()


def test_every_template_but_main_is_a_module_and_raw_resources_are_all_there_is():
    modules = {declaration.of for declaration in declared("module")}

    assert modules == {path.name for path in files()} - {"main.bicep"}


@pytest.mark.parametrize("module", declared("module"), ids=lambda module: module.name)
def test_a_module_is_given_what_it_asks_for_and_nothing_else(module):
    asked = declared("parameter", INFRA / module.of)
    given = set(module.value["params"])

    assert {parameter.name for parameter in asked if parameter.value is None} <= given
    assert given <= {parameter.name for parameter in asked}


def test_outputs_of_modules_that_are_read_exist():
    read = defaultdict(set)
    for module, output in re.findall(r"\b(\w+)!?\.outputs\.(\w+)", MAIN.read_text("utf-8")):
        read[module].add(output)

    for module, outputs in read.items():
        file = INFRA / one("module", module, MAIN).of
        assert outputs <= {output.name for output in declared("output", file)}, module


def test_every_output_of_a_module_is_read():
    text = MAIN.read_text("utf-8")

    for module in declared("module"):
        for output in declared("output", INFRA / module.of):
            assert re.search(rf"\b{module.name}!?\.outputs\.{output.name}\b", text), (
                module.name,
                output.name,
            )


def test_outputs_of_the_deployment_are_environment_variables():
    for output in declared("output", MAIN):
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+", output.name)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_no_secret_is_read_or_given_away(path):
    text = path.read_text("utf-8")

    assert not re.search(r"list(Keys|AccountSas|ServiceSas|Credentials|Secrets)?\(", text)
    assert "@secure" not in text
    for output in declared("output", path):
        assert not re.search(
            r"(?i)secret|password|connectionstring|key\b|token", f"{output.name} {output.value}"
        )


def test_files_that_templates_load_exist():
    for path in files():
        for function in ("loadTextContent", "loadJsonContent"):
            for (name,) in calls(parse(path), function):
                assert (INFRA / name).is_file(), (path.name, name)


def test_every_resource_that_can_be_tagged_says_which_environment_it_is_of():
    children = {"basicPublishingCredentialsPolicies", "config", "privateDnsZoneGroups", "roleAssignments"}
    for resource in declared("resource"):
        name = resource.of.split("@")[0]
        part_of_storage = name.startswith("Microsoft.Storage/storageAccounts/")
        if not (resource.existing or name.split("/")[-1] in children or part_of_storage):
            assert "tags" in resource.value["tags"], (resource.file, resource.name)


def test_storage_has_no_keys_and_nothing_public():
    account = one("resource", "account", INFRA / "storage.bicep").value["properties"]

    assert account["allowSharedKeyAccess"] is False
    assert account["defaultToOAuthAuthentication"] is True
    assert account["allowBlobPublicAccess"] is False
    assert account["minimumTlsVersion"] == "TLS1_2"
    assert account["supportsHttpsTrafficOnly"] is True
    containers = one("resource", "containers", INFRA / "storage.bicep").value
    assert containers["properties"] == {"publicAccess": "None"}


def test_logs_and_metrics_take_entra_tokens_only():
    monitoring = INFRA / "monitoring.bicep"

    assert one("resource", "applicationInsights", monitoring).value["properties"]["DisableLocalAuth"] is True
    features = one("resource", "workspace", monitoring).value["properties"]["features"]
    assert features["disableLocalAuth"] is True


def test_the_app_is_reached_over_tls_and_published_to_without_a_password():
    file = INFRA / "function-app.bicep"
    app = one("resource", "app", file).value["properties"]
    publishing = parse(file).text.decode()

    assert app["httpsOnly"] is True
    assert app["siteConfig"]["minTlsVersion"] == "1.2"
    assert one("resource", "publishing", file).value["properties"] == {"allow": False}
    assert "for door in ['scm', 'ftp']" in publishing


def test_the_plan_is_flex_consumption_and_python_has_an_http_concurrency():
    file = INFRA / "function-app.bicep"

    assert one("resource", "plan", file).value["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    config = one("resource", "app", file).value["properties"]["functionAppConfig"]
    assert config["runtime"] == {"name": "python", "version": "pythonVersion"}
    assert config["scaleAndConcurrency"]["triggers"]["http"] == {"perInstanceConcurrency": "httpConcurrency"}
    assert config["deployment"]["storage"]["authentication"]["type"] == "UserAssignedIdentity"


def test_python_is_one_that_the_project_is_made_for():
    allowed = one("parameter", "pythonVersion", MAIN).decorators["allowed"]
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))

    assert allowed == classifiers


# What Microsoft's documentation of Flex Consumption names as replaced or not supported.
NOT_ON_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_MAX_HTTP_CONCURRENCY",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "TZ",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_TIME_ZONE",
    "WEBSITE_VNET_ROUTE_ALL",
    "alwaysOn",
    "healthCheckPath",
    "http20Enabled",
    "linuxFxVersion",
    "vnetRouteAllEnabled",
}


def test_nothing_is_set_that_flex_consumption_does_not_take():
    text = "\n".join(path.read_text("utf-8") for path in files())

    assert not NOT_ON_FLEX & set(re.findall(r"\w+", text))


def test_storage_that_is_not_public_has_an_endpoint_for_each_service_the_app_uses():
    services = one("variable", "services", INFRA / "private-endpoints.bicep").value
    settings = (INFRA / "app-settings.bicep").read_text("utf-8")

    assert services == sorted(set(re.findall(r"__(\w+)ServiceUri", settings)))
    assert one("module", "privateEndpoints", MAIN).value["params"]["storageName"] == "storage.outputs.name"


def test_the_app_waits_for_its_roles_and_its_way_to_storage():
    assert set(one("module", "functionApp", MAIN).value["dependsOn"]) == {"appRoles", "privateEndpoints"}


def test_a_sender_is_given_the_queue_and_nothing_else():
    roles = [
        o["scope"]
        for r in declared("resource", INFRA / "sender-roles.bicep")
        for o in objects(r.value)
        if "scope" in o
    ]

    assert roles == ["queue"]
