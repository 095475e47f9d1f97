"""What `make up` prints, held to what the documents and examples read."""

import re
from pathlib import Path

from local.__main__ import describe
from local.stack import Addresses

ROOT = Path(__file__).parents[2]
SAID = describe(
    Addresses(
        functions="http://127.0.0.1:1",
        functionKey="key",
        storage="AccountName=a;AccountKey=b",
        queue="lineage",
        datamap="http://127.0.0.1:2",
        identityEndpoint="http://127.0.0.1:2/identity/token",
        identityHeader="header",
    )
)
EXPORTED = dict(re.findall(r"(?m)^  export (\w+)=(.*)$", SAID))


def test_the_address_to_export_is_the_one_that_examples_put_a_path_behind():
    assert EXPORTED["LINEAGE_URL"] == "http://127.0.0.1:1"


def test_every_variable_that_the_quickstart_and_the_examples_need_is_printed():
    documents = ("docs/quickstart.md", "docs/local-stack.md", "examples/curl.sh", "examples/send.py")
    text = "".join((ROOT / name).read_text("utf-8") for name in documents)

    needed = set(re.findall(r"\$(LINEAGE_[A-Z]+|DATAMAP)\b", text)) | set(
        re.findall(r"environ\[\"(\w+)\"\]", text)
    )
    assert needed >= {"LINEAGE_URL", "LINEAGE_KEY", "LINEAGE_STORAGE", "DATAMAP"}
    assert needed <= set(EXPORTED)
