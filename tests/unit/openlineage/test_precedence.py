"""Which edges a run has: explicit lineage, then column lineage, then every input to every output."""

import pytest

from lineage.openlineage import Verdict, merge, read_event, translate
from lineage.request import ColumnOfDataset


def translated(*payloads):
    return translate(merge(read_event(payload).event for payload in payloads))


def edges(translation):
    return {
        (source.name, target.name)
        for request in translation.requests
        for source in request.inputs
        for target in request.outputs
    }


def pairs(translation):
    """Column pairs as text: `dataset.column`, or `column` where the side has one dataset."""

    def text(end):
        return f"{end.dataset.name}.{end.column}" if isinstance(end, ColumnOfDataset) else end

    return {
        (text(pair.source), text(pair.target))
        for request in translation.requests
        for pair in request.columns or ()
    }


def source(text, *, field=None, transformation=None):
    namespace, _, name = text.partition("|")
    made = {"namespace": namespace, "name": name, "type": "DATASET"}
    if field:
        made["field"] = field
    if transformation:
        made["transformations"] = [{"type": transformation}]
    return made


def entry(text, *, inputs=None, **fields):
    made = source(text)
    if inputs is not None:
        made["inputs"] = inputs
    if fields:
        made["fields"] = {column: {"inputs": sources} for column, sources in fields.items()}
    return made


def test_every_input_flows_into_every_output_where_nothing_else_is_said(events):
    translation = translated(events.run(inputs=["pg|a", "pg|b"], outputs=["pg|c", "pg|d"]))

    assert translation.verdict is Verdict.LINEAGE
    assert len(translation.requests) == 1
    assert edges(translation) == {("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")}


class TestColumnLineage:
    def test_columns_are_mapped_where_values_flow(self, events):
        columns = events.columns(
            id=["pg|a|order_id"], total=[("pg|a|price", "DIRECT"), ("pg|a|amount", "DIRECT")]
        )

        translation = translated(
            events.run(inputs=["pg|a"], outputs=[events.dataset("pg|b", columnLineage=columns)])
        )

        assert pairs(translation) == {("order_id", "id"), ("price", "total"), ("amount", "total")}

    @pytest.mark.parametrize(
        ("transformations", "mapped"),
        [
            (None, True),
            ([], True),
            ([{"type": "DIRECT", "subtype": "IDENTITY"}], True),
            ([{"type": "direct"}], True),
            ([{"type": "INDIRECT", "subtype": "JOIN"}], False),
            ([{"type": "indirect"}], False),
            ([{"type": "INDIRECT"}, {"type": "DIRECT"}], True),
            ([{"subtype": "IDENTITY"}], True),
            ("MASKED", True),
        ],
    )
    def test_without_transformations_it_is_unknown_how_values_flow_not_that_they_do_not(
        self, events, transformations, mapped
    ):
        source = {"namespace": "pg", "name": "a", "field": "x", "transformations": transformations}
        columns = {"fields": {"y": {"inputFields": [source]}}}

        translation = translated(
            events.run(inputs=["pg|a"], outputs=[events.dataset("pg|b", columnLineage=columns)])
        )

        assert pairs(translation) == ({("x", "y")} if mapped else set())

    def test_datasets_that_only_filter_or_join_are_inputs_without_columns(self, events):
        columns = events.columns(["pg|f|day"], x=["pg|a|x", ("pg|j|key", "INDIRECT")])

        translation = translated(
            events.run(inputs=["pg|a"], outputs=[events.dataset("pg|o", columnLineage=columns)])
        )

        assert edges(translation) == {("a", "o"), ("f", "o"), ("j", "o")}
        assert pairs(translation) == {("a.x", "x")}

    def test_a_source_that_inputs_forgot_is_an_input(self, events):
        """The seeds of dbt are missing from its inputs; the column lineage has them."""
        columns = events.columns(id=["pg|shop.main.raw_customers|id"])

        translation = translated(
            events.run(outputs=[events.dataset("pg|shop.main.customers", columnLineage=columns)])
        )

        assert edges(translation) == {("shop.main.raw_customers", "shop.main.customers")}

    def test_inputs_that_no_column_comes_from_stay_inputs_of_a_single_output(self, events):
        columns = events.columns(x=["pg|a|x"])

        translation = translated(
            events.run(inputs=["pg|a", "pg|b"], outputs=[events.dataset("pg|o", columnLineage=columns)])
        )

        assert edges(translation) == {("a", "o"), ("b", "o")}

    def test_it_tells_apart_what_flows_into_which_output_where_it_accounts_for_everything(self, events):
        outputs = [
            events.dataset("pg|o1", columnLineage=events.columns(x=["pg|a|x"])),
            events.dataset("pg|o2", columnLineage=events.columns(y=["pg|b|y"])),
        ]

        translation = translated(events.run(inputs=["pg|a", "pg|b"], outputs=outputs))

        assert edges(translation) == {("a", "o1"), ("b", "o2")}

    def test_it_cuts_no_edge_where_it_leaves_an_input_unaccounted_for(self, events):
        outputs = [
            events.dataset("pg|o1", columnLineage=events.columns(x=["pg|a|x"])),
            events.dataset("pg|o2", columnLineage=events.columns(y=["pg|b|y"])),
        ]

        translation = translated(events.run(inputs=["pg|a", "pg|b", "pg|c"], outputs=outputs))

        assert len(edges(translation)) == 6

    def test_with_several_inputs_each_column_says_whose_it_is(self, events):
        columns = events.columns(id=["pg|a|id"], method=["pg|b|method"])

        translation = translated(
            events.run(inputs=["pg|a", "pg|b"], outputs=[events.dataset("pg|o", columnLineage=columns)])
        )

        assert pairs(translation) == {("a.id", "id"), ("b.method", "method")}

    def test_a_dataset_is_checked_once_however_many_columns_it_has(self, events):
        columns = events.columns(x=["pg|a|x"], y=["pg|a|y"], z=["pg|b|z"])

        (request,) = translated(
            events.run(inputs=["pg|a", "pg|b"], outputs=[events.dataset("pg|o", columnLineage=columns)])
        ).requests

        ends = {id(pair.source.dataset) for pair in request.columns}
        assert ends == {id(dataset) for dataset in request.inputs}

    @pytest.mark.parametrize(
        "facet",
        [
            {},
            {"fields": None},
            {"fields": []},
            {"fields": {"x": None, "y": [], "z": {"inputFields": {}}}},
            {"fields": {"": {"inputFields": [{"namespace": "pg", "name": "a", "field": "x"}]}}},
            {"fields": {"x": {"inputFields": [{"namespace": "pg"}, None, 3]}}},
            {"dataset": "x"},
        ],
    )
    def test_a_facet_that_makes_no_sense_counts_as_none(self, events, facet):
        translation = translated(
            events.run(inputs=["pg|a"], outputs=[events.dataset("pg|o", columnLineage=facet)])
        )

        assert edges(translation) == {("a", "o")}
        assert pairs(translation) == set()


class TestExplicitLineage:
    def test_it_is_all_there_is(self, events):
        """Two inputs, two outputs, and only two of the four edges (OpenLineage's bulk ETL example)."""
        entries = [entry("pg|c", inputs=[source("pg|a")]), entry("pg|d", inputs=[source("pg|b")])]
        payload = events.run(
            inputs=["pg|a", "pg|b"],
            outputs=["pg|c", events.dataset("pg|d", columnLineage=events.columns(x=["pg|a|x"]))],
            job_facets={"lineage": {"entries": entries}},
        )

        translation = translated(payload)

        assert edges(translation) == {("a", "c"), ("b", "d")}
        assert pairs(translation) == set()

    def test_each_output_with_inputs_of_its_own_is_a_process_of_its_own_that_stays_the_same(self, events):
        entries = [entry("pg|c", inputs=[source("pg|a")]), entry("pg|d", inputs=[source("pg|b")])]
        translation = translated(events.run(job_facets={"lineage": {"entries": entries}}))
        turned = translated(events.run(job_facets={"lineage": {"entries": entries[::-1]}}, minute=9))

        keys = [request.process.key for request in translation.requests]

        assert keys == ["lineage://etl/load#pg/c", "lineage://etl/load#pg/d"]
        assert [request.process.key for request in turned.requests] == keys
        assert [request.process.name for request in translation.requests] == ["load > c", "load > d"]

    def test_outputs_with_the_same_inputs_are_one_process(self, events):
        entries = [entry("pg|c", inputs=[source("pg|a")]), entry("pg|d", inputs=[source("pg|a")])]

        (request,) = translated(events.run(job_facets={"lineage": {"entries": entries}})).requests

        assert request.process.key == "lineage://etl/load"
        assert [dataset.name for dataset in request.outputs] == ["c", "d"]

    def test_fields_map_columns_and_name_inputs(self, events):
        fields = {
            "id": [source("pg|a", field="order_id", transformation="DIRECT")],
            "n": [source("pg|b", field="k", transformation="INDIRECT")],
            "m": [source("pg|a")],
        }

        translation = translated(events.run(job_facets={"lineage": {"entries": [entry("pg|c", **fields)]}}))

        assert edges(translation) == {("a", "c"), ("b", "c")}
        assert pairs(translation) == {("a.order_id", "id")}

    def test_a_source_column_of_the_whole_dataset_is_an_edge_without_a_column(self, events):
        entries = [entry("pg|report", inputs=[source("pg|a", field="x"), source("pg|a", field="y")])]

        translation = translated(events.run(job_facets={"lineage": {"entries": entries}}))

        assert edges(translation) == {("a", "report")}
        assert pairs(translation) == set()

    def test_no_inputs_means_that_there_are_none(self, events):
        payload = events.job(
            inputs=["pg|a"], outputs=["pg|c"], job_facets={"lineage": {"entries": [entry("pg|c", inputs=[])]}}
        )

        translation = translated(payload)

        (request,) = translation.requests
        assert request.inputs == ()
        assert [dataset.name for dataset in request.outputs] == ["c"]
        assert [str(warning) for warning in translation.warnings] == [
            "inputs: pg/a has no part in the explicit lineage: not written"
        ]

    def test_values_that_the_job_makes_itself_come_from_no_dataset(self, events):
        fields = {"total": [{"type": "JOB", "transformations": [{"type": "DIRECT"}]}]}

        translation = translated(
            events.run(
                outputs=["pg|c"], job_facets={"lineage": {"entries": [entry("pg|c", inputs=[], **fields)]}}
            )
        )

        (request,) = translation.requests
        assert request.inputs == ()
        assert translation.warnings == ()

    @pytest.mark.parametrize("job", [{}, {"namespace": "etl", "name": "load"}])
    def test_what_feeds_the_job_itself_feeds_all_that_it_feeds(self, events, job):
        own = {"type": "JOB", **job}
        entries = [
            {**own, "inputs": [source("pg|a"), source("pg|b")]},
            entry("pg|c", inputs=[own]),
            entry("pg|d", inputs=[source("pg|x")], total=[own]),
            entry("pg|e", inputs=[source("pg|a")]),
        ]
        event = read_event(events.run(job_facets={"lineage": {"entries": entries}})).event

        again = read_event(event.to_json()).event
        translation = translate(merge([again]))

        assert again == event
        assert edges(translation) == {
            ("a", "c"), ("b", "c"), ("a", "d"), ("b", "d"), ("x", "d"), ("a", "e"),
        }  # fmt: skip
        assert translation.warnings == ()

    def test_what_feeds_the_job_and_what_it_feeds_may_be_told_by_two_events(self, events):
        reads = [{"type": "JOB", "inputs": [source("pg|a")]}]
        makes = [entry("pg|c", inputs=[{"type": "JOB"}])]

        translation = translated(
            events.run("START", job_facets={"lineage": {"entries": reads}}),
            events.run(minute=5, job_facets={"lineage": {"entries": makes}}),
        )

        assert edges(translation) == {("a", "c")}

    def test_how_many_connections_of_jobs_were_left_out_is_kept(self, events):
        other = {"type": "JOB", "namespace": "etl", "name": "x"}
        event = read_event(
            events.run(
                job_facets={"lineage": {"entries": [other, entry("pg|c", inputs=[source("pg|a"), other])]}}
            )
        ).event

        again = read_event(event.to_json()).event

        assert "2 connections of jobs" in str(translate(merge([again])).warnings[0])

    def test_a_target_that_the_producer_could_not_tell_is_none(self, events):
        entries = [entry("pg|COMPLEX", inputs=[source("pg|a")]), entry("pg|c", inputs=[source("pg|a")])]

        translation = translated(events.run(job_facets={"lineage": {"entries": entries}}))

        assert edges(translation) == {("a", "c")}
        assert "pg/COMPLEX: the producer could not tell the dataset" in str(translation.warnings[0])

    def test_lineage_that_was_taken_back_does_not_come_again(self, events):
        def said(*entries):
            return {"lineage": {"entries": list(entries)}}

        translation = translated(
            events.run("START", job_facets=said(entry("pg|b", inputs=[source("pg|a")]))),
            events.run("RUNNING", minute=1, job_facets={"lineage": {"_deleted": True}}),
            events.run("RUNNING", minute=2, job_facets=said(entry("pg|d", inputs=[source("pg|c")]))),
            events.run(minute=3, job_facets=said(entry("pg|d", inputs=[source("pg|e")]))),
        )

        assert edges(translation) == {("c", "d"), ("e", "d")}

    def test_connections_of_jobs_are_left_out_and_told(self, events):
        entries = [
            {
                "type": "JOB",
                "namespace": "etl",
                "name": "b",
                "inputs": [{"type": "JOB", "namespace": "etl", "name": "a"}],
            },
            entry("pg|c", inputs=[source("pg|a"), {"type": "JOB", "namespace": "etl", "name": "x"}]),
        ]

        translation = translated(events.run(job_facets={"lineage": {"entries": entries}}))

        assert edges(translation) == {("a", "c")}
        assert "2 connections of jobs left out" in str(translation.warnings[0])

    def test_of_jobs_alone_there_is_nothing_to_write(self, events):
        translation = translated(
            events.job(
                inputs=["pg|a"], outputs=["pg|b"], job_facets={"lineage": {"entries": [{"type": "JOB"}]}}
            )
        )

        assert translation.verdict is Verdict.WITHDRAWN

    def test_of_a_dataset_event_it_is_direct_lineage(self, events):
        facet = {"inputs": [source("pg|a")], "fields": {"id": {"inputs": [source("pg|b", field="key")]}}}

        translation = translated(events.of_dataset(events.dataset("pg|view", lineage=facet)))

        (request,) = translation.requests
        assert request.process is None
        assert edges(translation) == {("a", "view"), ("b", "view")}
        assert pairs(translation) == {("b.key", "id")}

    @pytest.mark.parametrize("facet", [{"inputs": None}, {"fields": {}}, {}, {"_producer": "x"}])
    def test_a_dataset_event_that_says_nothing_of_sources_asks_for_nothing(self, events, facet):
        translation = translated(events.of_dataset(events.dataset("pg|view", lineage=facet)))

        assert translation.verdict is Verdict.NOTHING
        assert translation.declarer is None

    @pytest.mark.parametrize(
        "facet",
        [{"inputs": []}, {"_deleted": True}, {"inputs": [{"type": "JOB", "namespace": "x", "name": "y"}]}],
    )
    def test_a_dataset_event_that_says_it_has_no_source_takes_back_what_it_said(self, events, facet):
        translation = translated(events.of_dataset(events.dataset("pg|view", lineage=facet)))

        assert translation.verdict is Verdict.WITHDRAWN
        assert translation.requests == ()
        assert translation.declarer == "pg/view"

    def test_all_names_of_a_dataset_are_one_declarer(self, events):
        names = ["abfss://c@lake.dfs.core.windows.net|/gold/t", "abfs://c@lake.dfs.core.windows.net|gold/t/"]
        facet = {"inputs": [source("pg|a")]}

        declarers = {
            translated(events.of_dataset(events.dataset(name, lineage=facet))).declarer for name in names
        }

        assert declarers == {"azure_datalake_gen2_path https://lake.dfs.core.windows.net/c/gold/t"}

    def test_the_facet_of_a_dataset_counts_in_dataset_events_only(self, events):
        odd = events.dataset("pg|c", lineage={"inputs": [source("pg|x")]})

        assert edges(translated(events.run(inputs=["pg|a"], outputs=[odd]))) == {("a", "c")}

    def test_a_facet_without_entries_is_none(self, events):
        payload = events.run(inputs=["pg|a"], outputs=["pg|b"], job_facets={"lineage": {"entries": None}})

        assert edges(translated(payload)) == {("a", "b")}
