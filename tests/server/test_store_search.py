"""What filters and orders find: held against a naive evaluation, and against MLflow's own search."""

import json
import math
import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore import events as ev
from runlore.home import Home
from runlore_server.config import Config
from runlore_server.errors import FilterNotFound, InvalidRequest
from runlore_server.filter.errors import FilterError
from runlore_server.filter.order import Key, parse_order
from runlore_server.filter.parser import parse
from runlore_server.filter.tree import And, Comparison, Field, Not, Or, Text
from runlore_server.ingest import Exporter
from runlore_server.store.annotations import Change
from runlore_server.store.exports import Exports
from runlore_server.store.filters import SavedFilter, SavedFilters
from runlore_server.store.runs import RunStore
from runlore_server.store.search import Query
from runlore_server.store.summaries import CurveSummaries
from runlore_server.verdict.verdict import Verdict, write_verdict

NAMES = ("resnet-50", "resnet-101", "ViT", "vit", "a%b_c", "it's", "")
TEXTS = ("0.01", "0.010", "1e-2", "10", "9", "-3", "adam", "Adam", "SGD", "", "nan", "1_0")
VALUES = (0.5, 0.25, -1.0, 0.0, float("inf"), float("-inf"), float("nan"))


@pytest.fixture(scope="module")
def home(tmp_path_factory, fake_kernel):
    """Runs of every kind in closed, open and dead sessions."""
    home = Home(tmp_path_factory.mktemp("search") / "home")
    chance = random.Random(5)
    for number in range(24):
        info = {
            "notebook": chance.choice(["train.ipynb", "Eval.ipynb", None]),
            "user": chance.choice(["ada", None]),
        }
        session = fake_kernel(home, dead=number % 5 == 0, **info)
        for _ in range(chance.randint(1, 3)):
            write_run(home, session, chance)
        if number % 3 and number % 5:
            session.end()
    return home


def write_run(home, session, chance):
    run = session.start_run(
        chance.choice(NAMES),
        experiment=chance.choice(["digits", "Faces"]),
        kind=chance.choice(["cell", "span", "script"]),
        time=time.time() - chance.choice([0, 100, 100, 4000, 90000]),
        rerun_of=chance.choice([None, "0123456789abcdef"]),
    )
    for metric in ("loss", "accuracy", "a.min"):
        if chance.random() < 0.7:
            count = chance.randint(0, 3)
            session.log(run, metric, [(step, chance.choice(VALUES)) for step in range(count)])
    for name in ("lr", "x y", "net"):
        if chance.random() < 0.7:
            session.params(run, **{name: chance.choice([*TEXTS, 0.01, 10, True, None, {"w": 3}])})
    tags = {name: chance.choice(TEXTS) for name in ("team", "x y") if chance.random() < 0.6}
    session.write(ev.TagsSet(time=1.0, run_id=run, tags=tags))
    if chance.random() < 0.8:
        session.finish_run(run, chance.choice(["finished", "failed", "interrupted"]))
        if chance.random() < 0.5:
            home.rerun(run).mkdir(parents=True)
            write_verdict(home.rerun(run), Verdict(verdict=chance.choice(["BIT-EXACT", "DIVERGED"]), reason="so"))


@pytest.fixture(scope="module")
def store(home):
    store = RunStore(home)
    store.refresh()
    return store


@pytest.fixture(scope="module")
def naive(home, store):
    return Naive(home, store)


class Naive:
    """Says of every run by itself, from its record, whether a filter finds it."""

    def __init__(self, home, store):
        self.home, self.runs = home, store.all()
        summaries = CurveSummaries()
        self.metrics = {
            run.run_id: {name: summaries.of(path) for name, path in run.metrics.items()} for run in self.runs
        }
        self.notebooks = {run.run_id: store.notebook(run) for run in self.runs}
        self.users = {run.run_id: store.session_info(run).user for run in self.runs}

    def value(self, field, run):
        if field.entity == "metric":
            summary = self.metrics[run.run_id].get(field.name)
            best = "min" if "loss" in field.name else "max"
            return summary and getattr(summary, best if field.statistic == "best" else field.statistic)
        if field.entity == "param":
            params = {name: str(value) for name, value in run.params.items()}
            params |= {f"{n}.w": str(v["w"]) for n, v in run.params.items() if isinstance(v, dict)}
            return params.get(field.name)
        if field.entity == "tag":
            return run.tags.get(field.name)
        verdict = self.home.rerun(run.run_id) / "verdict.json"
        return {
            "id": run.run_id,
            "name": run.name,
            "experiment": run.experiment,
            "notebook": self.notebooks[run.run_id],
            "session": run.session_id,
            "user": self.users[run.run_id],
            "kind": run.kind,
            "status": run.status,
            "rerun_of": run.rerun_of,
            "verdict": json.loads(verdict.read_text())["verdict"] if run.rerun_of and verdict.exists() else None,
            "started": run.started,
            "duration": run.duration,
            "ended": None if run.duration is None else run.started + run.duration,
        }[field.name]

    def finds(self, node, run):
        if isinstance(node, And):
            return all(self.finds(part, run) for part in node.parts)
        if isinstance(node, Or):
            return any(self.finds(part, run) for part in node.parts)
        if isinstance(node, Not):
            return not self.finds(node.part, run)
        if isinstance(node, Text):
            names = (run.name, run.experiment, self.notebooks[run.run_id] or "", run.run_id)
            return any(node.text.lower() in name.lower() for name in names)
        value = self.value(node.field, run)
        if "null" in node.operator:
            return (value is None) == (node.operator == "is null")
        return value is not None and self.compares(node, value)

    def compares(self, node, value):
        operator, loose = node.operator, node.field.entity in ("param", "tag")
        if operator in ("in", "not in"):
            return (operator == "in") == any(self.equal(value, one, loose) for one in node.values)
        (wanted,) = node.values
        if operator.endswith("like"):
            pattern = "".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in wanted)
            found = re.fullmatch(pattern, value, re.DOTALL | (re.IGNORECASE if "ilike" in operator else 0))
            return bool(found) != operator.startswith("not")
        if operator in ("~", "!~"):
            return bool(re.search(wanted, value)) == (operator == "~")
        if operator in ("=", "!="):
            return self.equal(value, wanted, loose) == (operator == "=")
        if loose:
            amount, limit = as_number(value), as_number(wanted) if isinstance(wanted, str) else wanted
            if isinstance(wanted, float) and amount is None:
                return False
            if amount is not None and limit is not None:
                value, wanted = amount, limit
        less, equal = value < wanted, value == wanted
        return {"<": less, "<=": less or equal, ">": value > wanted, ">=": value > wanted or equal}[operator]

    def equal(self, value, wanted, loose):
        return as_number(value) == wanted if loose and isinstance(wanted, float) else value == wanted

    def search(self, query):
        found = [run for run in self.runs if query.where is None or self.finds(query.where, run)]
        for key in reversed(query.order):
            values = {run.run_id: self.value(key.field, run) for run in found}
            absent = [
                run for run in found if values[run.run_id] is None or values[run.run_id] != values[run.run_id]
            ]
            there = [run for run in found if run not in absent]
            if key.field.entity in ("param", "tag"):
                amounts = [run for run in there if as_number(values[run.run_id]) is not None]
                texts = [run for run in there if run not in amounts]
                amounts.sort(key=lambda run: as_number(values[run.run_id]), reverse=key.descending)
                texts.sort(key=lambda run: values[run.run_id], reverse=key.descending)
                there = amounts + texts
            else:
                there.sort(key=lambda run: values[run.run_id], reverse=key.descending)
            found = there + absent
        return [run.run_id for run in found]


def as_number(text):
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return None
    return float(text)


metrics = st.builds(
    Field,
    st.just("metric"),
    st.sampled_from(["loss", "accuracy", "a.min", "none"]),
    st.sampled_from(["last", "min", "max", "best", "count", "step"]),
)
loose = st.builds(Field, st.sampled_from(["param", "tag"]), st.sampled_from(["lr", "x y", "team", "net", "net.w"]))
words = {"kind": ("cell", "span"), "status": ("running", "finished", "killed"), "verdict": ("DIVERGED", "FAILED")}
text_fields = st.sampled_from(["name", "experiment", "notebook", "user", "rerun_of"])
numeric = [*("=", "!=", "<", "<=", ">", ">="), "in", "not in"]
patterns = st.sampled_from(["%", "%t%", "_it", "RES%", "a_b%", "", "%5_", "0.0%"])
regexes = st.sampled_from(["^resnet-[0-9]+$", "i.?t", "[A-Z]", "^$", "1|a"])
now = time.time()


def compared(fields, operators, values):
    def build(field, operator, found):
        return Comparison(field, operator, tuple(found if "in" in operator else found[:1]))

    plain = st.builds(build, fields, st.sampled_from(operators), st.lists(values, min_size=1, max_size=3))
    return plain | st.builds(Comparison, fields, st.sampled_from(["is null", "is not null"]))


def matched(fields):
    like = st.sampled_from(["like", "not like", "ilike", "not ilike"])
    by_like = st.builds(lambda f, o, p: Comparison(f, o, (p,)), fields, like, patterns)
    return by_like | st.builds(
        lambda f, o, p: Comparison(f, o, (p,)), fields, st.sampled_from(["~", "!~"]), regexes
    )


attributes = text_fields.map(lambda name: Field("attribute", name))
leaves = st.one_of(
    compared(metrics, numeric, st.sampled_from([0.5, 0.25, 0.0, 1.0, 2.0])),
    compared(loose, numeric, st.sampled_from([*TEXTS, 0.01, 10.0, -3.0])),
    matched(loose),
    compared(attributes, ["=", "!=", "in", "not in"], st.sampled_from([*NAMES, "digits", "train.ipynb", "ada"])),
    matched(attributes),
    *(
        compared(st.just(Field("attribute", name)), ["=", "!=", "in"], st.sampled_from(found))
        for name, found in words.items()
    ),
    compared(st.just(Field("attribute", "duration")), numeric, st.sampled_from([1.5, 90.0, 0.0])),
    compared(
        st.sampled_from([Field("attribute", "started"), Field("attribute", "ended")]),
        ["<", ">="],
        st.sampled_from([now - 50, now - 2000.0, now - 50000.0]),
    ),
    st.sampled_from(["RES", "t", "digits", "eval", "zzz"]).map(Text),
)
trees = st.recursive(
    leaves,
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
    ),
    max_leaves=6,
)
keys = st.builds(
    Key,
    metrics
    | loose
    | st.sampled_from(["name", "started", "duration", "verdict"]).map(lambda n: Field("attribute", n)),
    st.booleans(),
)


@given(trees | st.none(), st.lists(keys, max_size=3).map(tuple))
@settings(deadline=None, max_examples=300)
def test_a_search_finds_what_a_look_at_every_run_finds_in_the_same_order(store, naive, where, order):
    query = Query(where=where, order=order)
    assert [run.run_id for run in store.search(query).runs] == naive.search(query)


@given(trees | st.none(), st.lists(keys, max_size=2).map(tuple), st.integers(1, 7))
@settings(deadline=None, max_examples=60)
def test_pages_are_parts_of_the_whole(store, where, order, limit):
    whole = [run.run_id for run in store.search(Query(where=where, order=order)).runs]
    paged, before, offset = [], None, 0
    while True:
        page = store.search(Query(where=where, order=order, limit=limit, before=before))
        same = store.search(Query(where=where, order=order, limit=limit, offset=offset))
        assert (page.runs, page.total, page.more) == (same.runs, len(whole), same.more)
        paged += [run.run_id for run in page.runs]
        if not page.more:
            break
        before, offset = paged[-1], len(paged)
    assert paged == whole
    assert store.search(Query(where=where, limit=limit, offset=10_000)).runs == []


def test_a_page_after_a_run_that_is_not_found_is_refused(store):
    with pytest.raises(InvalidRequest, match="first page"):
        store.search(Query(before="none-such"))


def test_a_running_metric_is_found_by_its_newest_value(tmp_path, fake_kernel):
    home = Home(tmp_path / "home")
    session = fake_kernel(home)
    run = session.start_run()
    session.log(run, "loss", [(0, 1.0)])
    store = RunStore(home)
    store.refresh()
    low = Query(where=parse("metrics.loss < 0.5"))
    assert store.search(low).total == 0
    session.log(run, "loss", [(1, 0.25)])
    assert store.search(low).total == 1
    session.finish_run(run)
    session.end()
    store.refresh()
    assert store.search(low).total == 1


def test_a_further_page_knows_what_changed_since_the_one_before(tmp_path, fake_kernel):
    home = Home(tmp_path / "home")
    session = fake_kernel(home)
    first, second, third = [session.start_run() for _ in range(3)]
    store, further = RunStore(home), Query(limit=1, offset=1)
    store.refresh()
    assert [run.run_id for run in store.search(further).runs] == [second]
    store.annotations.change([second], Change(deleted=True))
    assert ([run.run_id for run in store.search(further).runs], store.search(further).total) == ([first], 2)
    session.start_run()
    store.refresh()
    assert ([run.run_id for run in store.search(further).runs], store.search(further).total) == ([third], 3)


FOR_MLFLOW = [
    "",
    "metrics.loss < 0.4",
    "metrics.loss >= 0.25 and metrics.accuracy != 0.5",
    "metric.loss = 0.25",
    "params.lr = '0.01'",
    "params.lr != '0.01'",
    "params.opt LIKE 'ad%'",
    "params.opt LIKE 'A%'",
    "params.opt ILIKE 'AD%'",
    "params.`x y` = '3'",
    'tags."team" = "vision"',
    "tags.team != 'vision'",
    "attributes.status = 'FINISHED'",
    "attributes.status != 'FINISHED'",
    "attributes.run_name = 'resnet'",
    "run_name LIKE 'res_et%'",
    "attributes.`run name` ILIKE '%VIT%'",
    "start_time > {cut}",
    "start_time <= {cut} and params.lr = '0.1'",
    "params.opt IS NULL",
    "tags.team IS NOT NULL and metrics.loss > 0",
    "metrics.loss < 0.4 and params.lr = '0.01' and tags.team = 'vision' and status = 'FINISHED'",
]


@pytest.fixture(scope="module")
def both(tmp_path_factory, fake_kernel, eventually):
    """A home and a real MLflow store with the same runs, brought there by the export; and a time between them."""
    home = Home(tmp_path_factory.mktemp("mlflow") / "home")
    chance = random.Random(2)
    start = time.time() - 3600
    session = fake_kernel(home)
    for number in range(24):
        name = chance.choice(["resnet", "ViT", "vit", "resnext"])
        run = session.start_run(name, time=start + 7.25 * number)
        for metric in ("loss", "accuracy"):
            if chance.random() < 0.8:
                session.log(run, metric, [(0, 2.0), (1, chance.choice([0.25, 0.5, 0.125, 1.0]))])
        params = {"lr": chance.choice([0.1, 0.01]), "opt": chance.choice(["adam", "Adam", "sgd"]), "x y": 3}
        session.params(run, **{name: value for name, value in params.items() if chance.random() < 0.7})
        if chance.random() < 0.6:
            session.write(ev.TagsSet(time=1.0, run_id=run, tags={"team": chance.choice(["vision", "speech"])}))
        session.finish_run(run, chance.choice(["finished", "finished", "failed"]))
    session.end()
    store = RunStore(home)
    store.refresh()
    config = Config.resolve(home.path)
    exporter = Exporter(config, store, Exports(home, config.tracking_uri))
    exporter.start()
    eventually(lambda: not exporter.status().pending, seconds=120)
    exporter.shutdown()
    return store, config.tracking_uri, round((start + 7.25 * 11.5) * 1000)


def in_mlflow(uri, text, order):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.data.tags["runlore.run_id"] for run in client.search_runs(experiments, text, order_by=order)]


@pytest.mark.parametrize("text", FOR_MLFLOW)
def test_filters_of_mlflow_find_what_they_find_in_mlflow(both, text):
    store, uri, cut = both
    text = text.format(cut=cut)
    found = [run.run_id for run in store.search(Query(where=parse(text))).runs]
    assert found == in_mlflow(uri, text, ["start_time DESC"])


def test_those_filters_tell_runs_apart(both):
    store, _, cut = both
    totals = {text: store.search(Query(where=parse(text.format(cut=cut)))).total for text in FOR_MLFLOW}
    assert [text for text, total in totals.items() if not 0 < total < 24] == [""]


@pytest.mark.parametrize("order", ["metrics.loss ASC", "metrics.loss DESC", "params.opt ASC", "run_name DESC"])
def test_orders_of_mlflow_are_those_of_mlflow(both, order):
    store, uri, _ = both
    found = [run.run_id for run in store.search(Query(order=parse_order(order))).runs]
    assert found == in_mlflow(uri, "", [order, "start_time DESC"])


def test_saved_filters_are_kept_replaced_and_forgotten(tmp_path):
    saved = SavedFilters(Home(tmp_path / "home"))
    assert saved.all() == []
    assert not (tmp_path / "home").exists()
    with pytest.raises(FilterNotFound, match="'best'"):
        saved.get("best")
    saved.put(SavedFilter(name="best", filter="metrics.loss < 0.1", order_by="metrics.loss"))
    saved.put(SavedFilter(name="all"))
    best = SavedFilter(name="best", filter="metrics.loss < 0.2")
    saved.put(best)
    assert SavedFilters(Home(tmp_path / "home")).all() == [SavedFilter(name="all"), best]
    assert saved.get("best") == best
    saved.delete("best")
    with pytest.raises(FilterNotFound):
        saved.delete("best")
    assert [found.name for found in saved.all()] == ["all"]


@pytest.mark.parametrize("name", ["", " a", "a/b", "a\nb", "x" * 101])
def test_names_that_could_not_be_typed_again_are_refused(tmp_path, name):
    with pytest.raises(InvalidRequest, match="name"):
        SavedFilters(Home(tmp_path / "home")).put(SavedFilter(name=name))


def test_a_filter_that_is_none_is_not_saved(tmp_path):
    saved = SavedFilters(Home(tmp_path / "home"))
    for wrong in ({"filter": "stauts = 'x'"}, {"order_by": "nmae"}):
        with pytest.raises(FilterError):
            saved.put(SavedFilter(name="wrong", **wrong))
    assert saved.all() == []


def test_numbers_in_texts_are_read_as_numbers_only_beside_numbers(store):
    def total(text):
        return store.search(Query(where=parse(text))).total

    assert total("params.lr = 0.01") > total("params.lr = '0.01'") > 0
    assert total("params.lr < 9.5") + total("params.lr >= 9.5") + total("params.lr is null") < total("")
    assert total("not (params.lr = 0.01)") == total("") - total("params.lr = 0.01")
    assert not math.isnan(total("metrics.loss is not null"))
