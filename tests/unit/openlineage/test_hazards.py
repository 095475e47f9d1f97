"""What real streams of events contain, and what must not come of it."""

import pytest

from lineage.openlineage import Options, Verdict, merge, read_event, translate

DUCK = "duckdb:///data/shop.duckdb"


def translated(*payloads, options=None):
    return translate(merge(read_event(payload).event for payload in payloads), options)


def sides(translation):
    (request,) = translation.requests
    return [each.name for each in request.inputs], [each.name for each in request.outputs]


class TestAliasesOfCommonTableExpressions:
    """The SQL parser of dbt takes `with o as (...) select ... from o` for a table named o."""

    def test_an_alias_is_no_dataset(self, events):
        columns = events.columns(
            customer=[f"{DUCK}|shop.main.stg_customers|id"],
            orders=[f"{DUCK}|o|order_id"],
            total=[f"{DUCK}|o|amount"],
        )
        payload = events.run(
            inputs=[f"{DUCK}|shop.main.stg_customers", f"{DUCK}|shop.main.stg_orders"],
            outputs=[events.dataset(f"{DUCK}|shop.main.totals", columnLineage=columns)],
        )

        translation = translated(payload)

        assert sides(translation) == (
            ["shop.main.stg_customers", "shop.main.stg_orders"],
            ["shop.main.totals"],
        )
        assert len(translation.requests[0].columns) == 1
        assert [str(warning) for warning in translation.warnings] == [
            f"outputs: column lineage names {DUCK}/o, which is not built like the other datasets: ignored"
        ]

    def test_a_forgotten_table_is_built_like_the_others_and_stays(self, events):
        columns = events.columns(id=[f"{DUCK}|shop.main.raw_customers|id"])

        translation = translated(
            events.run(outputs=[events.dataset(f"{DUCK}|shop.main.stg_customers", columnLineage=columns)])
        )

        assert sides(translation) == (["shop.main.raw_customers"], ["shop.main.stg_customers"])

    def test_in_a_namespace_without_other_datasets_there_is_nothing_to_hold_against_a_name(self, events):
        columns = events.columns(id=["mysql://h:3306|orders|id"])

        translation = translated(events.run(outputs=[events.dataset("pg|s.d.t", columnLineage=columns)]))

        assert sides(translation)[0] == ["orders"]

    def test_paths_have_as_many_parts_as_they_like(self, events):
        lake = "abfss://c@lake.dfs.core.windows.net"
        columns = events.columns(id=[f"{lake}|a/b/part.v1.2.parquet|id"])

        translation = translated(events.run(outputs=[events.dataset(f"{lake}|out", columnLineage=columns)]))

        assert sides(translation)[0] == ["a/b/part.v1.2.parquet"]


class TestSelfEdges:
    def test_the_target_of_a_merge_is_no_input_of_its_own(self, events):
        columns = events.columns(x=["pg|updates|x", "pg|target|x"])

        translation = translated(
            events.run(
                inputs=["pg|target", "pg|updates"],
                outputs=[events.dataset("pg|target", columnLineage=columns)],
            )
        )

        assert sides(translation) == (["updates"], ["target"])
        assert [(pair.source, pair.target) for pair in translation.requests[0].columns] == [("x", "x")]

    def test_the_two_names_of_a_target_are_one(self, events):
        inputs = ["abfss://c@lake.dfs.core.windows.net|/delta/t", "pg|updates"]

        translation = translated(
            events.run(inputs=inputs, outputs=["abfs://c@lake.dfs.core.windows.net|delta/t"])
        )

        assert sides(translation)[0] == ["updates"]

    def test_an_update_in_place_is_no_lineage(self, events):
        translation = translated(events.run(inputs=["pg|t"], outputs=["pg|t"]))

        assert translation.verdict is Verdict.NOTHING
        assert "the only dataset that is read is the one that is written" in str(translation.warnings[0])

    def test_what_a_job_writes_and_reads_on_the_way_is_an_output(self, events):
        """The event of a whole dbt run or Airflow DAG lists its intermediate tables on both sides."""
        translation = translated(events.run(inputs=["pg|raw", "pg|stg"], outputs=["pg|stg", "pg|mart"]))

        assert sides(translation) == (["raw"], ["mart", "stg"])

    def test_what_is_read_and_rewritten_beside_another_output_is_an_input(self, events):
        translation = translated(events.run(inputs=["pg|t"], outputs=["pg|t", "pg|log"]))

        assert sides(translation) == (["t"], ["log"])

    def test_a_table_that_explicitly_feeds_itself_is_no_lineage(self, events):
        source = {"namespace": "pg", "name": "t", "type": "DATASET"}
        facet = {"lineage": {"entries": [{**source, "inputs": [source]}]}}

        assert translated(events.run(job_facets=facet)).verdict is Verdict.NOTHING


class TestRepetitions:
    def test_a_dataset_listed_many_times_is_one(self, events):
        translation = translated(events.run(inputs=["pg|a"] * 5, outputs=["pg|b", "pg|b"]))

        assert sides(translation) == (["a"], ["b"])

    def test_names_of_one_asset_are_one_dataset(self, events):
        inputs = [
            "sqlserver://shop.database.windows.net:1433|orders.dbo.lines",
            "mssql://shop.database.windows.net|orders.dbo.lines",
            "sqlserver://shop.database.windows.net:1433;database=orders|[dbo].[lines]",
        ]

        (request,) = translated(events.run(inputs=inputs, outputs=["pg|b"])).requests

        assert len(request.inputs) == 1

    def test_an_output_under_two_names_has_what_either_is_told_to_have(self, events):
        lake = "abfss://c@lake.dfs.core.windows.net"
        outputs = [
            events.dataset(f"{lake}|out", columnLineage=events.columns(x=["pg|a|x"])),
            events.dataset(f"{lake}|/out/", columnLineage=events.columns(y=["pg|b|y"])),
        ]

        translation = translated(events.run(inputs=["pg|a", "pg|b"], outputs=outputs))

        assert sides(translation)[0] == ["a", "b"]
        assert {(pair.source.column, pair.target) for pair in translation.requests[0].columns} == {
            ("x", "x"),
            ("y", "y"),
        }

    def test_quotes_make_no_other_dataset(self, events):
        """With sqlmesh: it quotes the names of its inputs, and does not quote those of its outputs."""
        columns = events.columns(id=["sqlmesh|shop.main.raw|id"])

        translation = translated(
            events.run(
                inputs=['sqlmesh|"shop"."main"."raw"'],
                outputs=[events.dataset("sqlmesh|shop.main.stg", columnLineage=columns)],
            )
        )

        assert sides(translation) == (["shop.main.raw"], ["shop.main.stg"])
        assert len(translation.requests[0].columns) == 1

    def test_a_pair_of_columns_is_written_once(self, events):
        columns = events.columns(x=["pg|a|x", "pg|a|x", ("pg|a|x", "DIRECT")])

        translation = translated(
            events.run(inputs=["pg|a"], outputs=[events.dataset("pg|b", columnLineage=columns)])
        )

        assert len(translation.requests[0].columns) == 1


class TestDatasetsThatAreNone:
    @pytest.mark.parametrize("name", ["COMPLEX", "db.dbo.COMPLEX", "COMPLEX (subquery)"])
    def test_what_a_producer_could_not_tell_is_left_out_and_told(self, events, name):
        namespace = "sqlserver://ws.sql.azuresynapse.net:1433"

        translation = translated(events.run(inputs=[f"{namespace}|{name}", "pg|a"], outputs=["pg|b"]))

        assert sides(translation) == (["a"], ["b"])
        assert "the producer could not tell the dataset" in str(translation.warnings[0])

    def test_with_nothing_else_on_a_side_there_is_no_lineage(self, events):
        translation = translated(
            events.run(inputs=["azurekusto://c.kusto.windows.net/db|COMPLEX"], outputs=["pg|b"])
        )

        assert translation.verdict is Verdict.NOTHING

    def test_in_column_lineage_too(self, events):
        columns = events.columns(x=["pg|COMPLEX|x"])

        translation = translated(
            events.run(inputs=["pg|a"], outputs=[events.dataset("pg|b", columnLineage=columns)])
        )

        assert sides(translation)[0] == ["a"]
        assert translation.requests[0].columns is None

    def test_in_explicit_lineage_too(self, events):
        target = {"namespace": "pg", "name": "b", "type": "DATASET"}
        facet = {"lineage": {"entries": [{**target, "inputs": [{**target, "name": "COMPLEX"}]}]}}

        assert translated(events.run(job_facets=facet)).verdict is Verdict.NOTHING

    def test_empty_names_are_left_out(self, events):
        translation = translated(
            events.run(inputs=["pg|", "pg|a"], outputs=["pg|b", {"namespace": "pg", "name": " "}])
        )

        assert sides(translation) == (["a"], ["b"])


class TestOneSidedEvents:
    @pytest.mark.parametrize(("inputs", "outputs"), [([], []), (["pg|a"], []), ([], ["pg|b"])])
    def test_without_both_sides_nothing_is_written(self, events, inputs, outputs):
        translation = translated(events.run(inputs=inputs, outputs=outputs))

        assert translation.verdict is Verdict.NOTHING
        assert translation.requests == ()

    def test_lineage_that_only_start_told_is_not_lost(self, events):
        """As with sqlmesh, whose COMPLETE repeats no inputs."""
        translation = translated(
            events.run("START", inputs=["pg|a"], outputs=["pg|b"]),
            events.run("COMPLETE", outputs=["pg|b"], minute=1),
        )

        assert sides(translation) == (["a"], ["b"])


class TestRunsThatDidNotSucceed:
    @pytest.mark.parametrize(("kind", "verdict"), [("FAIL", Verdict.FAILED), ("ABORT", Verdict.ABORTED)])
    def test_what_a_failed_run_meant_to_write_is_no_lineage(self, events, kind, verdict):
        translation = translated(
            events.run("START", inputs=["pg|a"], outputs=["pg|b"]),
            events.run(kind, inputs=["pg|a"], minute=1),
        )

        assert translation.verdict is verdict
        assert translation.requests == ()

    @pytest.mark.parametrize("kind", ["START", "RUNNING", "OTHER"])
    def test_a_run_that_goes_on_is_waited_for(self, events, kind):
        assert translated(events.run(kind, inputs=["pg|a"], outputs=["pg|b"])).verdict is Verdict.RUNNING

    def test_a_stream_is_not_waited_for(self, events):
        facets = {"jobType": {"processingType": "STREAMING", "integration": "FLINK"}}

        translation = translated(
            events.run("RUNNING", inputs=["kafka://b:9092|in"], outputs=["pg|b"], job_facets=facets)
        )

        assert translation.verdict is Verdict.LINEAGE

    def test_a_run_without_any_type_is_taken_as_it_comes(self, events):
        assert translated(events.run(None, inputs=["pg|a"], outputs=["pg|b"])).verdict is Verdict.LINEAGE


class TestChildQueries:
    """`airflow dags test` reports every statement of a task as a job of its own, under tasks it does not belong to."""

    def child(self, events, job="shop|etl.notify.query.3", parent="etl.notify"):
        facets = {"parent": {"job": {"namespace": "shop", "name": parent}, "run": {"runId": "1"}}}
        return events.run(inputs=["pg|a"], outputs=["pg|b"], job=job, run_facets=facets)

    def test_they_write_no_lineage(self, events):
        assert translated(self.child(events)).verdict is Verdict.CHILD_QUERY

    def test_they_do_where_one_asks_for_it(self, events):
        translation = translated(self.child(events), options=Options(child_queries=True))

        assert translation.requests[0].process.key == "lineage://shop/etl.notify.query.3"

    @pytest.mark.parametrize(
        ("job", "parent"),
        [
            ("shop|etl.notify", "etl"),
            ("shop|etl.notify.query.x", "etl.notify"),
            ("shop|etl.notify.query.", "etl.notify"),
            ("shop|etl.query.3", "other"),
        ],
    )
    def test_other_children_are_jobs_like_any(self, events, job, parent):
        assert translated(self.child(events, job, parent)).verdict is Verdict.LINEAGE

    def test_a_job_without_a_parent_is_nobodys_child(self, events):
        payload = events.run(inputs=["pg|a"], outputs=["pg|b"], job="shop|etl.query.3")

        assert translated(payload).verdict is Verdict.LINEAGE
