"""App settings: each mistake is one clear message that names the setting, and all are said at once."""

import json
from datetime import timedelta

import pytest

from lineage.errors import InvalidSettings
from lineage.naming import BUILT_IN
from lineage.openlineage import Options
from lineage.service import Service
from lineage.settings import HOST_JSON, MAX_DEQUEUE_COUNT, Settings, is_loopback

GIVEN = {
    "PURVIEW_ACCOUNT_NAME": "contoso",
    "LINEAGE_QUEUE_NAME": "lineage",
    "LineageStorage": "UseDevelopmentStorage=true",
}
QUEUE = "LineageStorage__queueServiceUri"
BLOB = "LineageStorage__blobServiceUri"
TABLE = "LineageStorage__tableServiceUri"
URIS = dict.fromkeys((QUEUE, BLOB, TABLE), "https://contoso.core.windows.net")
NO_STORAGE = (
    "set LineageStorage (a connection string), or LineageStorage__queueServiceUri, "
    "LineageStorage__blobServiceUri and LineageStorage__tableServiceUri (identity)"
)
NO_QUEUE_NAME = "3 to 56 lower-case letters, digits and single hyphens (the poison queue adds seven)"
IN_THE_CLEAR = "write https://: a token is never sent in the clear"
NO_URL = "write a URL such as https://contoso.purview.azure.com"


def read(**changes):
    """The settings, with some given or (None) taken away."""
    return Settings.read({name: value for name, value in (GIVEN | changes).items() if value is not None})


def mistakes(**changes):
    """What is said against settings, as (setting, message)."""
    with pytest.raises(InvalidSettings) as caught:
        read(**changes)
    return [(mistake.path, mistake.message) for mistake in caught.value.mistakes]


def test_three_settings_are_enough():
    settings = read()

    assert settings.endpoint == "https://contoso.purview.azure.com"
    assert settings.queue_name == "lineage"
    assert settings.storage.connection_string.get_secret_value() == "UseDevelopmentStorage=true"
    assert (settings.auth, settings.on_missing, settings.max_concurrency) == ("managed-identity", "wait", 8)
    assert settings.authority == "https://login.microsoftonline.com"
    assert settings.scope == "https://purview.azure.net/.default"
    assert (settings.tenant_id, settings.client_id, settings.client_secret, settings.collection) == (
        None,
    ) * 4


def test_every_mistake_is_said_at_once():
    with pytest.raises(InvalidSettings) as caught:
        Settings.read(
            {"PURVIEW_AUTH": "magic", "LINEAGE_MAX_CONCURRENCY": "many", "LINEAGE_ON_MISSING": "Wait"}
        )

    assert [(mistake.path, mistake.message) for mistake in caught.value.mistakes] == [
        ("PURVIEW_ENDPOINT", "set it to https://{account}.purview.azure.com, or set PURVIEW_ACCOUNT_NAME"),
        (
            "PURVIEW_AUTH",
            (
                "Input should be 'managed-identity', 'client-secret', 'client-certificate', "
                "'workload-identity', 'azure-cli', 'device-code' or 'default'"
            ),
        ),
        ("LINEAGE_MAX_CONCURRENCY", "Input should be a valid integer, unable to parse string as an integer"),
        ("LINEAGE_QUEUE_NAME", "this app setting is needed"),
        ("LineageStorage", NO_STORAGE),
        ("LINEAGE_ON_MISSING", "Input should be 'wait', 'create' or 'fail'"),
    ]
    assert str(caught.value).count("; ") == 5


def test_a_blank_setting_is_no_setting_and_spaces_around_one_do_not_count():
    settings = read(PURVIEW_COLLECTION=" ", PURVIEW_AUTH="", LINEAGE_QUEUE_NAME=" lineage\n")

    assert (settings.collection, settings.auth, settings.queue_name) == (None, "managed-identity", "lineage")
    assert mistakes(LINEAGE_QUEUE_NAME="  ") == [("LINEAGE_QUEUE_NAME", "this app setting is needed")]


def test_what_is_no_setting_of_ours_is_left_alone():
    assert read(PATH="/bin", AzureWebJobsStorage="x", PURVIEW="y") == read()


def test_settings_cannot_be_changed_once_they_are_read():
    with pytest.raises(ValueError, match="frozen"):
        read().queue_name = "other"


def test_secrets_are_not_shown():
    settings = read(PURVIEW_CLIENT_SECRET="hush", LineageStorage="AccountKey=hush")

    assert "hush" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize("secret", ["PURVIEW_CLIENT_SECRET", "LineageStorage"])
def test_secrets_are_not_shown_in_mistakes_either(secret):
    with pytest.raises(InvalidSettings) as caught:
        read(**{secret: "hush", "PURVIEW_AUTH": "magic"})

    assert "hush" not in str(caught.value)


# Endpoints


@pytest.mark.parametrize(
    ("written", "endpoint"),
    [
        ("https://contoso.purview.azure.com", "https://contoso.purview.azure.com"),
        ("https://contoso.purview.azure.com/", "https://contoso.purview.azure.com"),
        ("https://contoso.purview.azure.com/datamap/api?x=y#z", "https://contoso.purview.azure.com"),
        ("contoso.purview.azure.com", "https://contoso.purview.azure.com"),
        ("contoso.purview.azure.com:443/", "https://contoso.purview.azure.com:443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_endpoint_is_an_origin(written, endpoint):
    assert read(PURVIEW_ENDPOINT=written).endpoint == endpoint


@pytest.mark.parametrize("setting", ["PURVIEW_ENDPOINT", "PURVIEW_AUTHORITY_HOST", QUEUE, BLOB, TABLE])
@pytest.mark.parametrize(
    "written",
    ["http://contoso.purview.azure.com", "http://127.0.0.1.contoso.com", "http://localhost.contoso.com"],
)
def test_a_token_is_never_sent_in_the_clear(setting, written):
    assert mistakes(**{setting: written}) == [(setting, IN_THE_CLEAR)]


@pytest.mark.parametrize("written", ["ftp://contoso.purview.azure.com", "https://", "https:///path", "://x"])
def test_what_is_no_url_is_shown_one(written):
    assert mistakes(PURVIEW_ENDPOINT=written) == [("PURVIEW_ENDPOINT", NO_URL)]


@pytest.mark.parametrize(
    "written",
    [
        "https://user:hush@contoso.purview.azure.com",
        "https://contoso.purview.azure.com:port",
        "https://contoso.purview.azure.com:99999",
        "https://contoso.purview.azure.com:0",
        "https://con toso.purview.azure.com",
        "https://contoso.purview.azure.com\\@evil.example",
        "https://[contoso]",
        "https://{account}.purview.azure.com",
        "https://cöntoso.purview.azure.com",
    ],
)
@pytest.mark.parametrize("setting", ["PURVIEW_ENDPOINT", "PURVIEW_AUTHORITY_HOST", QUEUE])
def test_an_endpoint_is_a_host_and_perhaps_a_port(setting, written):
    ((path, message),) = mistakes(**{setting: written})

    assert (path, message.startswith("write a URL such as https://contoso.")) == (setting, True)


@pytest.mark.parametrize("name", ["c", "contoso-2", "0contoso", "c" * 63])
def test_an_accounts_name_is_letters_digits_and_hyphens(name):
    assert read(PURVIEW_ACCOUNT_NAME=name).endpoint == f"https://{name}.purview.azure.com"


@pytest.mark.parametrize(
    "name",
    [
        "contoso.purview.azure.com",
        "https://contoso.purview.azure.com",
        "evil.example/",
        "evil.example#",
        "contoso@evil.example",
        "-contoso",
        "contoso-",
        "con toso",
        "contoso\n.evil.example",
        "cöntoso",
        "c" * 64,
    ],
)
def test_an_accounts_name_never_leads_to_another_host(name):
    assert mistakes(PURVIEW_ACCOUNT_NAME=name) == [
        ("PURVIEW_ACCOUNT_NAME", "write the account's name, as in contoso"),
    ]


def test_an_accounts_name_does_not_matter_where_the_endpoint_is_given():
    settings = read(PURVIEW_ACCOUNT_NAME="not a name", PURVIEW_ENDPOINT="contoso.purview.azure.com")

    assert settings.endpoint == "https://contoso.purview.azure.com"


def test_the_accounts_name_is_enough_for_its_endpoint():
    assert read(PURVIEW_ACCOUNT_NAME=" Contoso ").endpoint == "https://contoso.purview.azure.com"


def test_an_endpoint_counts_more_than_an_accounts_name():
    assert read(PURVIEW_ENDPOINT="https://api.purview-service.microsoft.com").endpoint == (
        "https://api.purview-service.microsoft.com"
    )


@pytest.mark.parametrize("without", [{"PURVIEW_ACCOUNT_NAME": None}, {"PURVIEW_ACCOUNT_NAME": " "}])
def test_without_either_it_is_said_what_to_set(without):
    assert mistakes(**without) == [
        ("PURVIEW_ENDPOINT", "set it to https://{account}.purview.azure.com, or set PURVIEW_ACCOUNT_NAME"),
    ]


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:80/x", True),
        ("https://LOCALHOST", True),
        ("http://[::1]", True),
        ("http://127.0.0.2", False),
        ("http://10.0.0.1", False),
        ("http://localhost.contoso.com", False),
        ("http://127.0.0.1@contoso.com", False),
        ("http://contoso.com?127.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_that_looks_like_it(url, loopback):
    assert is_loopback(url) is loopback


# Sign-in


def test_a_client_secret_is_read():
    settings = read(
        PURVIEW_AUTH="client-secret",
        PURVIEW_TENANT_ID="tenant",
        PURVIEW_CLIENT_ID="client",
        PURVIEW_CLIENT_SECRET="hush",
        PURVIEW_AUTHORITY_HOST="login.microsoftonline.us",
        PURVIEW_SCOPE="https://purview.azure.us/.default",
        PURVIEW_COLLECTION="sales",
    )

    assert (settings.auth, settings.tenant_id, settings.client_id) == ("client-secret", "tenant", "client")
    assert settings.client_secret.get_secret_value() == "hush"
    assert settings.authority == "https://login.microsoftonline.us"
    assert (settings.scope, settings.collection) == ("https://purview.azure.us/.default", "sales")


@pytest.mark.parametrize("tenant", ["my tenant", "contoso/onmicrosoft", "{tenant}", "téléphone?"])
def test_what_signing_in_cannot_use_is_a_mistake_in_the_settings(tenant):
    secret = {"PURVIEW_CLIENT_ID": "client", "PURVIEW_CLIENT_SECRET": "hush"}

    with pytest.raises(InvalidSettings, match=r"(?i)tenant") as caught:
        Service(read(PURVIEW_AUTH="client-secret", PURVIEW_TENANT_ID=tenant, **secret))

    ((setting, _),) = [(mistake.path, mistake.message) for mistake in caught.value.mistakes]
    assert setting.startswith("PURVIEW_")
    assert "hush" not in str(caught.value)


# The queue


@pytest.mark.parametrize(
    "name", ["abc", "a-b", "lineage", "lineage-requests-2", "0abc", "a" * 56, "a-" * 27 + "ab"]
)
def test_a_queue_name_is_one_that_azure_takes(name):
    assert read(LINEAGE_QUEUE_NAME=name).queue_name == name


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 57,
        "Lineage",
        "lineage_requests",
        "-lineage",
        "lineage-",
        "lineage--requests",
        "a-",
        "-ab",
        "a-b-",
        "a-" * 28 + "a",
        "-" * 10,
        "lineage.requests",
        "lineage\nrequests",
        "a b c",
        "éèê",
    ],
)
def test_another_queue_name_is_refused_because_azure_would(name):
    assert mistakes(LINEAGE_QUEUE_NAME=name) == [("LINEAGE_QUEUE_NAME", NO_QUEUE_NAME)]


def test_the_last_attempt_is_the_one_that_the_host_says():
    """What host.json says, or the app setting with which the host lets one override it."""
    host = json.loads(HOST_JSON.read_text("utf-8"))["extensions"]["queues"]["maxDequeueCount"]

    assert read().max_dequeue_count == host
    assert read(**{MAX_DEQUEUE_COUNT: "9"}).max_dequeue_count == 9


@pytest.mark.parametrize(
    "host_json", ["{}", '{"extensions": {}}', '{"extensions": {"queues": {"batchSize": 1}}}']
)
def test_the_last_attempt_is_the_hosts_own_default_where_host_json_does_not_say(
    monkeypatch, tmp_path, host_json
):
    (tmp_path / "host.json").write_text(host_json)
    monkeypatch.setattr("lineage.settings.HOST_JSON", tmp_path / "host.json")

    assert read().max_dequeue_count == 5


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        (MAX_DEQUEUE_COUNT, "0", "Input should be greater than or equal to 1"),
        (MAX_DEQUEUE_COUNT, "x", "Input should be a valid integer, unable to parse string as an integer"),
        ("LINEAGE_MAX_CONCURRENCY", "0", "Input should be greater than or equal to 1"),
        ("LINEAGE_MAX_CONCURRENCY", "65", "Input should be less than or equal to 64"),
    ],
)
def test_a_number_out_of_range_is_told_the_range(setting, value, said):
    assert mistakes(**{setting: value}) == [(setting, said)]


@pytest.mark.parametrize(("value", "read_as"), [("1", 1), ("64", 64)])
def test_the_ends_of_a_range_are_in_it(value, read_as):
    assert read(LINEAGE_MAX_CONCURRENCY=value).max_concurrency == read_as


@pytest.mark.parametrize("on_missing", ["wait", "create", "fail"])
def test_what_to_do_about_missing_datasets_is_a_setting(on_missing):
    assert read(LINEAGE_ON_MISSING=on_missing).on_missing == on_missing


# Storage


def test_storage_is_reached_by_identity_through_its_service_uris():
    storage = read(
        LineageStorage=None,
        LineageStorage__queueServiceUri="https://contoso.queue.core.windows.net/",
        LineageStorage__tableServiceUri="https://contoso.table.core.windows.net/",
        LineageStorage__blobServiceUri="http://127.0.0.1:10000/devstoreaccount1/",
        LineageStorage__clientId="client",
    ).storage

    assert (storage.connection_string, storage.client_id) == (None, "client")
    assert storage.queue_url == "https://contoso.queue.core.windows.net"
    assert storage.blob_url == "http://127.0.0.1:10000/devstoreaccount1"
    assert storage.table_url == "https://contoso.table.core.windows.net"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("contoso.queue.core.windows.net", "https://contoso.queue.core.windows.net"),
        ("contoso.queue.core.windows.net/", "https://contoso.queue.core.windows.net"),
        ("contoso.queue.core.windows.net:443/account/", "https://contoso.queue.core.windows.net:443/account"),
        ("https://contoso.queue.core.windows.net?sig=hush", "https://contoso.queue.core.windows.net"),
    ],
)
def test_a_service_uri_needs_no_scheme(written, url):
    storage = read(**{"LineageStorage": None, **URIS, QUEUE: written}).storage

    assert storage.queue_url == url


@pytest.mark.parametrize("lacking", [{QUEUE}, {BLOB}, {TABLE}, {QUEUE, BLOB, TABLE}])
@pytest.mark.parametrize("connection", [None, " "])
def test_without_a_whole_connection_it_is_said_what_to_set(lacking, connection):
    uris = {setting: uri for setting, uri in URIS.items() if setting not in lacking}

    assert mistakes(**uris, LineageStorage=connection) == [("LineageStorage", NO_STORAGE)]


@pytest.mark.parametrize("setting", [QUEUE, BLOB, TABLE])
def test_a_service_uri_that_is_none_is_named(setting):
    ((path, _),) = mistakes(**{"LineageStorage": None, **URIS, setting: "ftp://x"})

    assert path == setting


# Times


@pytest.mark.parametrize(
    ("setting", "field", "otherwise"),
    [
        ("LINEAGE_GIVE_UP_AFTER", "give_up_after", timedelta(hours=24)),
        ("LINEAGE_RETRY_AFTER", "retry_after", timedelta(seconds=30)),
        ("LINEAGE_RETRY_AFTER_MAX", "retry_after_max", timedelta(hours=1)),
    ],
)
def test_a_time_is_hours_minutes_and_seconds_or_iso_8601(setting, field, otherwise):
    assert getattr(read(), field) == otherwise
    assert getattr(read(**{setting: "36:00:30"}), field) == timedelta(hours=36, seconds=30)
    assert getattr(read(**{setting: "P1DT2H"}), field) == timedelta(hours=26)

    assert mistakes(**{setting: "00:00:00"}) == [(setting, "Input should be greater than 0 seconds")]
    ((path, message),) = mistakes(**{setting: "a while"})
    assert (path, message) == (setting, "write a time such as 00:00:30, 1.00:00:00 or PT30S")


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("86400", timedelta(days=1)),
        ("30", timedelta(seconds=30)),
        ("1.00:00:00", timedelta(days=1)),
        ("10.01:02:03", timedelta(days=10, hours=1, minutes=2, seconds=3)),
        ("PT30S", timedelta(seconds=30)),
        ("P2D", timedelta(days=2)),
        ("00:00:30", timedelta(seconds=30)),
        ("24:00:00", timedelta(days=1)),
    ],
)
def test_a_time_may_be_written_as_seconds_as_host_json_does_or_as_iso_8601_does(written, time):
    assert read(LINEAGE_GIVE_UP_AFTER=written).give_up_after == time


@pytest.mark.parametrize(
    "written", ["soon", "30s", "00:00:61", "1.2.00:00:00", "1.00:00", "P", "--", "１時間", "1e3d"]
)
def test_what_is_no_time_is_shown_some(written):
    assert mistakes(LINEAGE_GIVE_UP_AFTER=written) == [
        ("LINEAGE_GIVE_UP_AFTER", "write a time such as 00:00:30, 1.00:00:00 or PT30S"),
    ]


@pytest.mark.parametrize("written", ["0", "-PT30S", "-00:00:30", "0.00:00:00"])
def test_a_time_lies_ahead(written):
    assert mistakes(LINEAGE_GIVE_UP_AFTER=written) == [
        ("LINEAGE_GIVE_UP_AFTER", "Input should be greater than 0 seconds"),
    ]


def test_a_time_ends_before_calendars_do():
    assert mistakes(LINEAGE_KEEP_RUNS="P999999D") == [
        ("LINEAGE_KEEP_RUNS", "Input should be less than or equal to 3650 days"),
    ]


# Naming


def test_a_users_naming_rules_come_before_the_built_in_ones():
    rule = (
        '{"namespace": "mine", "name": "{table}", "typeName": "DataSet", "qualifiedName": "mine://{table}"}'
    )

    rules = read(LINEAGE_NAMING_RULES=f"[{rule}]").naming_rules

    assert (len(rules.user), rules.built_in) == (1, BUILT_IN.built_in)
    assert read().naming_rules == BUILT_IN


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("{}", "is not a list of rules: write [{...}, {...}]"),
        ('[{"namespace": "a"}]', "rule 1, typeName: this field is needed"),
    ],
)
def test_what_is_wrong_with_a_naming_rule_is_said(rules, said):
    assert mistakes(LINEAGE_NAMING_RULES=rules) == [("LINEAGE_NAMING_RULES", said)]


def test_the_options_of_openlineage_are_those_that_are_named():
    assert read().openlineage_options == Options()
    assert read(LINEAGE_OPENLINEAGE_OPTIONS=" ").openlineage_options == Options()
    assert read(LINEAGE_OPENLINEAGE_OPTIONS="child_queries").openlineage_options == Options.parse(
        "child_queries"
    )


def test_an_option_of_openlineage_that_there_is_not_is_one_message():
    ((setting, message),) = mistakes(LINEAGE_OPENLINEAGE_OPTIONS="child_queries,notebooks")

    assert setting == "LINEAGE_OPENLINEAGE_OPTIONS"
    assert message.startswith(
        "'notebooks' is no option: write those that are to be on, of strip_applications, "
    )
    assert message.endswith(", child_queries, or none")
