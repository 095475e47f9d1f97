import pytest

from lineage.naming.resource_sets import resource_sets

HEAD = "https://lake.blob.core.windows.net/raw"


def first(path):
    return next(resource_sets(f"{HEAD}/{path}"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("machinesets/23/foo.parquet", "machinesets/{N}/foo.parquet"),
        ("weblogs/en_au/23.json", "weblogs/{LOC}/{N}.json"),
        ("data1.csv", "data{N}.csv"),
        ("d/2024-05-01/x.csv", "d/{Year}-{Month}-{Day}/x.csv"),
        ("d/dt=2024-05-01/x.csv", "d/dt={Year}-{Month}-{Day}/x.csv"),
        ("d/2024/05/01/x.csv", "d/{Year}/{Month}/{Day}/x.csv"),
        ("d/0a1b2c3d-1111-2222-3333-444455556666/x.csv", "d/{GUID}/x.csv"),
        ("d/deadbeef/x.csv", "d/{HEX}/x.csv"),
        ("d/region=7/x.csv", "d/region={N}/x.csv"),
        (
            "orders/part-00000-0a1b2c3d-1111-2222-3333-444455556666-c000.snappy.parquet",
            "orders/{SparkPartitions}",
        ),
        ("orders/2024-05-01/part-00001.parquet", "orders/{Year}-{Month}-{Day}/{SparkPartitions}"),
        ("orders", "orders/{SparkPartitions}"),
    ],
)
def test_what_varies_between_the_files_of_a_table_becomes_a_pattern(path, expected):
    assert first(path) == f"{HEAD}/{expected}"


def test_digits_that_belong_to_a_word_stay():
    assert first("v2orders/x.parquet") == f"{HEAD}/v2orders/x.parquet/{{SparkPartitions}}"


def test_a_container_is_in_no_resource_set():
    assert list(resource_sets(HEAD)) == []
    assert list(resource_sets("nonsense")) == []
