"""A Data Map stand-in for each of the clients that others wrote."""

import pytest

from local.datamap.process import running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Where the stand-in's certificate will be."""
    return tmp_path_factory.mktemp("tls") / "datamap.pem"


@pytest.fixture(scope="module")
def datamap_over_tls(certificate):
    """The address of a stand-in that speaks https."""
    with running("--self-signed", str(certificate)) as address:
        yield address


@pytest.fixture(scope="module")
def datamap():
    """The address of a stand-in."""
    with running() as address:
        yield address
