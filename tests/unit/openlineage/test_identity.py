"""One job is one process, whatever its producer puts into its name from run to run."""

from dataclasses import replace

import pytest

from lineage.openlineage import Options, merge, read_event, translate
from lineage.openlineage.identity import STABLE_NAME_LIMIT


def process(events, job, *, options=None, outputs=("pg|b",), **facets):
    payload = events.run(inputs=["pg|a"], outputs=outputs, job=job, run_facets=facets)
    (request,) = translate(merge([read_event(payload).event]), options).requests
    return request.process


SPARK = {"name": "spark", "version": "3.5.1"}


def name(events, job, **more):
    """That of a job of Spark's."""
    return process(events, f"spark|{job}", **{"processing_engine": SPARK, **more}).name


def parent(job, root=None):
    facet = {"job": {"namespace": "dag", "name": job}, "run": {"runId": "1"}} if job else {}
    return facet | ({"root": {"job": {"namespace": "dag", "name": root}}} if root else {})


def test_a_job_is_its_namespace_and_name(events):
    made = process(events, "airflow-prod|etl.load")

    assert (made.namespace, made.name, made.key) == (
        "airflow-prod",
        "etl.load",
        "lineage://airflow-prod/etl.load",
    )


def test_a_namespace_that_is_a_uri_stays_one(events):
    assert process(events, "https://adf.azure.com/factory|load").key == "https://adf.azure.com/factory/load"


@pytest.mark.parametrize(
    ("job", "stable"),
    [
        ("etl.application_1700000000000_0042.execute_insert.orders", "etl.execute_insert.orders"),
        ("application_1700000000000_0042.execute_insert.orders", "execute_insert.orders"),
        ("etl_app-20260501123000-0007.save", "etl.save"),
        ("local-1700000000000.save", "save"),
        ("Load_pool_1700000000.execute_save.silver_orders", "Load_pool.execute_save.silver_orders"),
        ("load_0a1b2c3d-1111-2222-3333-444455556666.save", "load.save"),
        ("load.orders_2024", "load.orders_2024"),
        ("load.part_12345678", "load.part_12345678"),
        ("load.execute_insert.orders_2024050112", "load.execute_insert.orders_2024050112"),
        ("Load_pool_1700000000.save.orders_2024050112", "Load_pool.save.orders_2024050112"),
    ],
)
def test_the_ids_of_spark_applications_and_sessions_are_no_part_of_a_job(events, job, stable):
    assert name(events, job) == stable


def test_a_name_that_is_all_application_takes_the_parents(events):
    job = "application_1700000000000_0042"

    assert name(events, job, parent=parent("dag.task")) == "dag.task"
    assert name(events, job, parent=parent(None, root="dag")) == "dag"
    assert name(events, job) == job


def test_applications_stay_where_one_asks_for_it(events):
    job = "local-1700000000000.save"

    assert name(events, job, options=Options(strip_applications=False)) == job


GUID = "0a1b2c3d-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    "said",
    [
        {"run": {"runId": "1", "facets": {"processing_engine": SPARK}}},
        {"run": {"runId": "1", "facets": {"spark_properties": {"properties": {"trident.artifact.id": "n"}}}}},
        {"job": {"namespace": "x", "name": f"load_{GUID}", "facets": {"jobType": {"integration": "SPARK"}}}},
        {"producer": "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/spark"},
    ],
)
def test_a_job_is_sparks_if_its_events_say_so(events, said):
    payload = {**events.run(inputs=["pg|a"], outputs=["pg|b"], job=f"x|load_{GUID}"), **said}

    (request,) = translate(merge([read_event(payload).event]), Options(prefer_notebooks=False)).requests

    assert request.process.name == "load"


@pytest.mark.parametrize("job", [f"load_{GUID}", GUID, "orders_1700000000", "local-1700000000000"])
def test_the_names_of_other_jobs_stay_as_they_are(events, job):
    assert process(events, f"airflow|{job}").name == job


def test_options_are_read_from_the_names_of_those_that_are_on():
    assert Options.parse("strip_applications, prefer_notebooks,collapse_queries") == Options()
    assert Options.parse("child_queries") == Options(
        strip_applications=False, prefer_notebooks=False, collapse_queries=False, child_queries=True
    )
    assert Options.parse("none") == replace(Options.parse("child_queries"), child_queries=False)


@pytest.mark.parametrize("text", ["spark", "strip_applications;child_queries", "on"])
def test_an_option_that_there_is_not_is_named_with_those_that_there_are(text):
    with pytest.raises(ValueError, match=f"{text}.*strip_applications, prefer_notebooks, collapse_queries"):
        Options.parse(text)


@pytest.mark.parametrize(
    ("key", "notebook"),
    [
        ("spark.synapse.context.notebookname", "Load orders"),
        ("trident.artifact.id", "0a1b2c3d-1111-2222-3333-444455556666"),
    ],
)
def test_a_synapse_or_fabric_notebook_gives_its_name_to_its_spark_jobs(events, key, notebook):
    facets = {"spark_properties": {"properties": {key: notebook, "spark.app.name": "x"}}}

    first = name(events, "Load_pool_1700000000.execute_save.orders", **facets)
    second = name(events, "Load_otherpool_1800000000.execute_save.orders", **facets)

    assert first == second == f"{notebook}.execute_save.orders"
    assert name(events, "session_1700000000", **facets) == notebook
    assert name(events, "session_1700000000.save_2024050112", **facets) == f"{notebook}.save_2024050112"


def test_notebooks_do_not_where_one_asks_for_it(events):
    facets = {"spark_properties": {"properties": {"spark.synapse.context.notebookname": "Load"}}}

    assert name(events, "pool.save", options=Options(prefer_notebooks=False), **facets) == "pool.save"


class TestQueriesNamedByTheirId:
    """Trino's listener calls a job by its query's id unless it is told otherwise."""

    JOB = "trino://tr:8080|20260501_123456_00042_a1b2c"

    def test_a_query_is_called_by_what_it_writes(self, events):
        made = process(events, self.JOB)
        again = process(events, self.JOB.replace("00042", "00099"))

        assert made.name == "query into b"
        assert made.key == again.key == "trino://tr:8080/query into b"

    def test_the_query_is_remembered_beside_it(self, events):
        assert (
            process(events, self.JOB).attributes["sourceJob"] == "trino://tr:8080/20260501_123456_00042_a1b2c"
        )

    def test_a_parent_knows_better(self, events):
        assert process(events, self.JOB, parent=parent("dag.task")).name == "dag.task"

    def test_many_outputs_do_not_make_the_name_too_long(self, events):
        outputs = [f"pg|schema.quite_a_long_table_name_{number}" for number in range(500)]

        made = process(events, self.JOB, outputs=outputs)

        assert len(made.name) == STABLE_NAME_LIMIT
        assert made == process(events, self.JOB, outputs=outputs[::-1])

    def test_queries_stay_apart_where_one_asks_for_it(self, events):
        made = process(events, self.JOB, options=Options(collapse_queries=False))

        assert made.name == "20260501_123456_00042_a1b2c"
