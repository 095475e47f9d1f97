"""Bytes on the wire: whatever was done to them, the message is found to the byte, or it is said why it is not."""

import base64
import gzip
import json
from codecs import BOM_UTF8
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lineage.envelope import (
    NESTING_LIMIT,
    PAYLOAD_LIMIT,
    Envelope,
    gunzip,
    open_envelope,
    plain,
    read_payload,
    seal,
)
from lineage.errors import InvalidRequest, PayloadTooLarge

REQUEST = {"source": "a", "target": "bücher"}
TEXT = json.dumps(REQUEST, ensure_ascii=False).encode()
KIND = "lineage.request.dead"


def event(**members):
    """A CloudEvent of somebody else, as bytes."""
    whole = {"specversion": "1.0", "id": "1", "source": "/subscriptions/x", "type": "t", **members}
    return json.dumps(whole).encode()


def b64(data):
    return base64.b64encode(data)


def opened(body):
    """What is in a message: the bytes and the claim."""
    envelope = open_envelope(body)
    return envelope.original, envelope.claim


def said(read, body):
    """What is said against a message, as (path, message)."""
    with pytest.raises(InvalidRequest) as caught:
        read(body)
    ((path, message),) = [(mistake.path, mistake.message) for mistake in caught.value.mistakes]
    return path, message


# What producers' tools do to JSON


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text,
        lambda text: b" \r\n\t" + text + b"\n",
        b64,
        lambda text: b64(b"\n " + text + b"\n"),
        lambda text: b"\n" + b64(text) + b"\r\n",
        gzip.compress,
        lambda text: b64(gzip.compress(text)),
        lambda text: b"\n" + b64(gzip.compress(text)) + b"\n",
        lambda text: event(data=json.loads(text)),
        lambda text: event(data=text.decode()),
        lambda text: event(data=b64(text).decode()),
        lambda text: event(data_base64=b64(text).decode()),
        lambda text: event(data_base64=b64(gzip.compress(text)).decode()),
        lambda text: b64(event(data=json.loads(text))),
        lambda text: b64(gzip.compress(event(data=json.loads(text)))),
        lambda text: event(data=json.loads(event(data=json.loads(text)))),
        lambda text: event(data=event(data_base64=b64(text).decode()).decode()),
    ],
)
def test_the_payload_is_found_in_whatever_it_was_wrapped(wrap):
    assert read_payload(wrap(TEXT)) == REQUEST


@pytest.mark.parametrize("value", [{}, [], {"a": 1}, [1, "x"], "text"])
def test_any_json_that_opens_with_a_bracket_or_a_quote_is_read_as_it_is(value):
    assert read_payload(json.dumps(value).encode()) == value


def test_text_that_is_also_base64_is_json_first():
    text = b'"AAAA"'

    assert read_payload(text) == "AAAA"


def test_the_last_of_two_equal_keys_counts():
    assert read_payload(b'{"target": "x", "target": "y"}') == {"target": "y"}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: BOM_UTF8 + text,
        lambda text: b64(BOM_UTF8 + text),
        lambda text: BOM_UTF8 + b64(text),
        lambda text: BOM_UTF8 + b"\r\n" + text,
        base64.encodebytes,
        lambda text: base64.encodebytes(gzip.compress(text)).replace(b"\n", b"\r\n"),
        lambda text: b64(text)[:8] + b" \t\n" + b64(text)[8:],
        lambda text: gzip.compress(text[:5]) + gzip.compress(text[5:]),
        lambda text: b64(gzip.compress(text[:5]) + gzip.compress(b"") + gzip.compress(text[5:])),
        lambda text: gzip.compress(text) + bytes(512),
    ],
)
def test_what_editors_shells_and_archivers_add_does_not_matter(wrap):
    """A byte order mark; base64 in lines; gzip of several members, or filled up with zeros (RFC 1952, 2.2)."""
    assert read_payload(wrap(TEXT)) == REQUEST


def test_base64_in_lines_of_a_long_message_is_read():
    long = {"inputs": [f"dataset-{number}" for number in range(1_000)], "outputs": ["b"]}

    assert read_payload(base64.encodebytes(json.dumps(long).encode())) == long


# What cannot be read


@pytest.mark.parametrize("body", [b"", b" \r\n\t", event(data=""), event(data_base64="")])
def test_an_empty_message_is_said_to_be_empty(body):
    assert said(read_payload, body) == ("", "the message is empty")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"hello",
        b"[NaN]",
        b"[-Infinity]",
        b'{"a": 1} and more',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b"[" * 100_000,
        b"[" + b"9" * 5_000 + b"]",
        b64(b"hello, world"),
        b64(b"[NaN]"),
        gzip.compress(b"hello", mtime=0),  # a time would be part of the test's name
        event(data="hello"),
        event(data_base64=b64(b"[1,").decode()),
        '{"a": 1}'.encode("utf-16"),
        b"\x00\x01\x02",
    ],
)
def test_what_is_not_json_is_said_to_be_so(body):
    path, message = said(read_payload, body)

    assert (path, message.startswith("not JSON: ")) == ("", True)


@pytest.mark.parametrize("body", [event(), event(data=None), event(data_base64=None), event(data_base64=7)])
def test_a_cloudevent_without_data_is_said_to_carry_none(body):
    assert said(read_payload, body) == ("data", "the CloudEvent carries no data")


@pytest.mark.parametrize("data", ["e30", "e30=!", "***", "bücher", "e3\n0="])
def test_data_that_is_not_base64_is_said_at_its_field(data):
    path, message = said(read_payload, event(data_base64=data))

    assert (path, message.startswith("not base64: ")) == ("data_base64", True)


def nested(times):
    """A request in so many CloudEvents."""
    body = TEXT
    for _ in range(times):
        body = event(data=json.loads(body))
    return body


def test_four_cloudevents_in_each_other_are_fine_and_five_are_not():
    assert NESTING_LIMIT == 4
    assert read_payload(nested(4)) == REQUEST

    body = nested(5)
    assert said(read_payload, body) == ("data", f"more than {NESTING_LIMIT} CloudEvents in each other")


def test_what_has_no_specversion_is_not_taken_for_a_cloudevent():
    assert read_payload(b'{"id": "1", "data": {"a": 1}}') == {"id": "1", "data": {"a": 1}}


# Gzip


def test_gzip_that_is_cut_off_anywhere_is_said_to_be_cut_off():
    whole = gzip.compress(TEXT)

    for length in range(2, len(whole)):
        assert said(gunzip, whole[:length]) == ("", "the gzip data is cut off")


@pytest.mark.parametrize("damage", [2, 10, -5, -1])
def test_gzip_that_is_damaged_is_said_to_be_no_gzip(damage):
    data = bytearray(gzip.compress(TEXT))
    data[damage] ^= 0xFF

    path, message = said(read_payload, bytes(data))

    assert (path, message.startswith("not gzip: ")) == ("", True)


def test_a_payload_may_be_as_large_as_the_limit():
    text = b'"' + b"x" * (PAYLOAD_LIMIT - 2) + b'"'

    assert plain(text) == text
    assert plain(gzip.compress(text, 1)) == text


@pytest.mark.parametrize("start", [b'"', b"{", b"*"])
def test_a_larger_payload_is_too_large(start):
    with pytest.raises(PayloadTooLarge, match=r"^larger than 16 MiB$"):
        plain(start + b"x" * PAYLOAD_LIMIT)


@pytest.mark.parametrize("encode", [b64, base64.encodebytes], ids=["one line", "lines"])
def test_base64_of_the_largest_payload_is_read_and_of_one_byte_more_is_not(encode):
    """It is the payload that is limited, not the third more that base64 makes of it."""
    largest = b'"' + b"x" * (PAYLOAD_LIMIT - 2) + b'"'

    assert plain(encode(largest)) == largest
    with pytest.raises(PayloadTooLarge):
        plain(encode(largest + b" x"))


def test_members_of_a_gzip_are_bounded_together():
    half = gzip.compress(bytes(PAYLOAD_LIMIT // 2 + 1), 9)

    with pytest.raises(PayloadTooLarge):
        gunzip(half * 2)


@pytest.mark.parametrize("rest", [b"\x1f", gzip.compress(TEXT, mtime=0)[:15]])
def test_a_second_member_that_is_cut_off_is_said_to_be_cut_off(rest):
    assert said(gunzip, gzip.compress(TEXT) + rest) == ("", "the gzip data is cut off")


def test_what_follows_a_gzip_and_is_none_is_said_to_be_no_gzip():
    path, message = said(gunzip, gzip.compress(TEXT) + b"trailing")

    assert (path, message.startswith("not gzip: ")) == ("", True)


@pytest.mark.parametrize("size", [PAYLOAD_LIMIT + 1, 3 * PAYLOAD_LIMIT])
def test_a_small_message_does_not_unfold_into_a_large_one(size):
    bomb = gzip.compress(bytes(size), 9)

    with pytest.raises(PayloadTooLarge, match=r"^larger than 16 MiB$"):
        read_payload(b64(bomb))


def test_a_bomb_in_a_bomb_is_no_way_around_the_limit():
    inner = gzip.compress(bytes(PAYLOAD_LIMIT + 1), 9)

    with pytest.raises(InvalidRequest):
        read_payload(gzip.compress(inner))


# Our own envelope


def test_a_sealed_message_is_a_cloudevent_that_people_can_read():
    sealed = seal(TEXT, KIND, {"reason": "früh", "attempts": 5})
    whole = json.loads(sealed)

    assert sealed.isascii()
    assert {name: whole[name] for name in ("specversion", "source", "type", "reason", "attempts")} == {
        "specversion": "1.0",
        "source": "purview-lineage",
        "type": KIND,
        "reason": "früh",
        "attempts": 5,
    }
    assert (whole["data"], whole["datacontenttype"]) == (TEXT.decode(), "text/plain")
    assert UUID(whole["id"]).version == 4
    assert datetime.fromisoformat(whole["time"]).utcoffset() is not None


def test_two_sealed_messages_have_two_ids():
    assert json.loads(seal(TEXT, KIND, {}))["id"] != json.loads(seal(TEXT, KIND, {}))["id"]


def test_bytes_that_are_no_text_are_carried_as_base64():
    whole = json.loads(seal(b"\xff\x00", KIND, {}))

    assert (whole["data_base64"], whole["datacontenttype"]) == ("/wA=", "application/octet-stream")
    assert "data" not in whole


def test_a_claim_is_carried_instead_of_the_payload():
    whole = json.loads(seal(TEXT, KIND, {}, claim="2026/01/01/x"))

    assert whole["dataref"] == "2026/01/01/x"
    assert whole.keys().isdisjoint({"data", "data_base64", "datacontenttype"})


@given(st.binary() | st.text().map(str.encode), st.integers(0, NESTING_LIMIT))
@example(b"", 1)
@example(b" {} \n", 2)
@example(b"\xef\xbb\xbf{}", 1)
@example(gzip.compress(TEXT), 3)
@example(b'{"source": "purview"}', NESTING_LIMIT)
def test_the_original_is_given_back_to_the_byte_however_often_it_was_sealed(original, times):
    body = original
    for attempt in range(times):
        body = seal(body, KIND, {"reason": "x" * 50, "attempts": attempt})

    assert opened(body) == (original, None)


def test_beyond_the_nesting_limit_an_envelope_stays_on():
    body = TEXT
    for _ in range(NESTING_LIMIT + 2):
        body = seal(body, KIND, {})

    inner, _ = opened(body)

    assert (json.loads(inner)["source"], opened(inner)) == ("purview-lineage", (TEXT, None))


@pytest.mark.parametrize(
    "wrap",
    [b64, gzip.compress, lambda text: b64(gzip.compress(text)), lambda text: b"\n" + text + b"\n"],
)
def test_an_envelope_is_recognised_in_whatever_a_tool_wrapped_it(wrap):
    assert opened(wrap(seal(TEXT, KIND, {}))) == (TEXT, None)


def test_a_claim_is_named_and_the_message_that_names_it_is_kept():
    sealed = seal(b"", KIND, {}, claim="2026/01/01/x")

    assert opened(sealed) == (sealed, "2026/01/01/x")


def test_a_claim_is_found_inside_further_envelopes():
    inner = seal(b"", KIND, {}, claim="2026/01/01/x")

    assert opened(seal(inner, KIND, {})) == (inner, "2026/01/01/x")


@pytest.mark.parametrize(
    "body",
    [
        TEXT,
        b"",
        b"\xff",
        b"{",
        b64(TEXT),
        gzip.compress(TEXT, mtime=0)[:-4],
        event(data=REQUEST),
        event(data=REQUEST, dataref="2026/01/01/x"),
        b'["purview-lineage"]',
        b'{"inputs": ["purview-lineage"], "outputs": ["b"]}',
        b'{"source": "purview-lineage"',
    ],
)
def test_a_message_in_no_envelope_of_ours_stays_as_it_is(body):
    assert open_envelope(body) == Envelope(body)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"data": None},
        {"data": 5},
        {"data": ["x"]},
        {"data": {"inputs": []}},
        {"data_base64": None},
        {"data_base64": 5},
        {"data_base64": "***"},
        {"data_base64": "e30"},
        {"dataref": None},
        {"dataref": 5},
        {"dataref": ["x"], "data": True},
    ],
)
@pytest.mark.parametrize("wrap", [bytes, b64, gzip.compress])
def test_what_claims_to_be_ours_and_carries_no_message_stays_as_it_is(members, wrap):
    body = wrap(event(source="purview-lineage", **members))

    assert open_envelope(body) == Envelope(body)


@pytest.mark.parametrize("source", [None, 5, [], {}, ["purview-lineage"], "purview-lineage2"])
def test_an_event_of_another_source_is_not_ours(source):
    body = event(source=source, data="x", note="purview-lineage")

    assert open_envelope(body) == Envelope(body)


@pytest.mark.parametrize("kind", [None, 5, ["x"]])
def test_an_envelope_of_an_odd_kind_is_opened_all_the_same(kind):
    assert open_envelope(event(source="purview-lineage", type=kind, data="x")).original == b"x"


def test_an_empty_message_is_carried_as_such():
    assert opened(event(source="purview-lineage", data="")) == (b"", None)


def test_an_envelope_whose_data_is_json_rather_than_text_stays_as_it_is():
    body = json.dumps({"source": "purview-lineage", "data": REQUEST}).encode()

    assert opened(body) == (body, None)


def test_an_envelope_says_what_it_is_and_what_was_written_on_it():
    sealed = seal(TEXT, KIND, {"reason": "früh", "attempts": 5, "subject": "run-7"})

    envelope = open_envelope(sealed)

    assert envelope == Envelope(TEXT, None, KIND, {"reason": "früh", "attempts": 5, "subject": "run-7"})
    assert envelope.subject == "run-7"


def test_of_several_envelopes_the_outermost_says_what_became_of_the_message_last():
    inner = seal(TEXT, "lineage.request.deferred", {"reason": "first", "subject": "run-7"})

    envelope = open_envelope(seal(inner, KIND, {"reason": "last"}))

    assert (envelope.original, envelope.kind, envelope.attributes) == (TEXT, KIND, {"reason": "last"})


def test_what_is_written_on_the_envelope_of_a_claim_is_known_as_well():
    envelope = open_envelope(seal(b"", KIND, {"reason": "late"}, claim="2026/01/01/x"))

    assert (envelope.kind, envelope.attributes) == (KIND, {"reason": "late"})


@pytest.mark.parametrize("attributes", [{}, {"subject": 7}])
def test_an_envelope_need_not_say_whose_request_is_inside(attributes):
    assert open_envelope(seal(TEXT, KIND, attributes)).subject is None


def test_a_payload_in_our_envelope_in_event_grids_in_base64_is_found():
    carried = event(data=REQUEST)

    assert read_payload(open_envelope(b64(seal(carried, KIND, {}))).original) == REQUEST


# Any bytes at all


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
events = st.fixed_dictionaries(
    {"specversion": st.just("1.0") | json_values},
    optional={
        "source": st.just("purview-lineage") | json_values,
        "data": json_values | st.just(TEXT.decode()),
        "data_base64": json_values | st.binary().map(lambda data: b64(data).decode()),
        "dataref": json_values,
    },
)
messages = st.recursive(
    st.binary() | (json_values | events).map(lambda value: json.dumps(value).encode()),
    lambda inner: (
        inner.map(b64)
        | inner.map(gzip.compress)
        | inner.map(lambda body: seal(body, KIND, {}))
        | inner.map(lambda body: event(data_base64=b64(body).decode()))
        | st.tuples(inner, st.integers(0, 30)).map(lambda cut: cut[0][: cut[1]])
        | st.tuples(inner, st.binary(max_size=4)).map(b"".join)
    ),
    max_leaves=4,
)


def outcome(read, body):
    """What reading gives, or the error it is refused with. Any other exception is a failure."""
    try:
        return read(body)
    except InvalidRequest as error:
        return error


@given(messages)
def test_any_bytes_are_read_or_told_why_not(body):
    for refused in (outcome(open_envelope, body), outcome(read_payload, body)):
        assert not isinstance(refused, InvalidRequest) or refused.mistakes


@given(messages)
def test_what_is_read_is_json_again(body):
    payload = outcome(read_payload, body)

    assert isinstance(payload, InvalidRequest) or json.loads(json.dumps(payload)) == payload
