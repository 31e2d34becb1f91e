"""The language of filters: what it reads, what it refuses and where it points."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore_server.filter.errors import FilterError
from runlore_server.filter.fields import ATTRIBUTES, WORDS
from runlore_server.filter.order import Key, parse_order
from runlore_server.filter.parser import DEEPEST, parse
from runlore_server.filter.patterns import like, regular
from runlore_server.filter.tokens import LONGEST
from runlore_server.filter.tree import Ago, And, Comparison, Field, Not, Or, Text

COMPARED = ("=", "!=", "<", "<=", ">", ">=")
numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)
names = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="`"), min_size=1, max_size=12)


@st.composite
def comparisons(draw):
    """Any comparison that the language has."""
    kind = draw(st.sampled_from(["metric", "loose", "text", "word", "time", "duration"]))
    if kind == "metric":
        statistic = draw(st.sampled_from(["last", "min", "max", "best", "count", "step"]))
        field, values, operators = Field("metric", draw(names), statistic), numbers, [*COMPARED, "in", "not in"]
    elif kind == "loose":
        field = Field(draw(st.sampled_from(["param", "tag"])), draw(names))
        values, operators = texts | numbers, [*COMPARED, "in", "not in", "like", "not ilike"]
    else:
        name = draw(st.sampled_from([name for name, type_ in ATTRIBUTES.items() if type_ == kind]))
        field = Field("attribute", name)
        if kind == "text":
            values, operators = texts, ["=", "!=", "in", "like", "not like", "ilike"]
        elif kind == "word":
            values, operators = st.sampled_from(WORDS[name]), ["=", "!=", "in", "not in"]
        else:
            positive = st.floats(0, 1e12)
            values = numbers if kind == "time" else positive
            values = values | positive.map(Ago) if kind == "time" else values
            operators = [*COMPARED, "in"]
    operator = draw(st.sampled_from([*operators, "is null", "is not null"]))
    if operator.startswith("is"):
        return Comparison(field, operator)
    if "like" in operator:
        return Comparison(field, operator, (draw(texts),))
    most = 3 if "in" in operator else 1
    return Comparison(field, operator, tuple(draw(st.lists(values, min_size=1, max_size=most))))


def several(children):
    return st.lists(children, min_size=2, max_size=3).map(tuple)


trees = st.recursive(
    comparisons() | texts.map(Text),
    lambda inner: inner.map(Not) | several(inner).map(And) | several(inner).map(Or),
    max_leaves=8,
)


@given(trees)
@settings(deadline=None)
def test_what_a_tree_is_written_as_reads_as_the_same_tree(tree):
    assert parse(str(tree)) == tree


@given(st.text(max_size=60) | st.text("()'\"`and or not in is null<>=!~,.metrics paramslr0.1-7d %_", max_size=80))
@settings(deadline=None, max_examples=400)
def test_whatever_is_typed_is_a_filter_or_an_error_that_points_into_it(text):
    for read in (parse, parse_order):
        error = refusal(read, text)
        if error is not None:
            assert 0 <= error.position <= len(text)
            assert f"(character {error.position + 1})" in str(error)
            line, caret = error.pointed_out().split("\n")
            assert caret.index("^") <= len(line)


def refusal(read, text):
    try:
        read(text)
    except FilterError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("   ", None),
        (
            "metrics.loss < 0.1 and params.lr = '0.01'",
            And((
                Comparison(Field("metric", "loss"), "<", (0.1,)),
                Comparison(Field("param", "lr"), "=", ("0.01",)),
            )),
        ),
        ("attributes.status = 'FINISHED'", Comparison(Field("attribute", "status"), "=", ("finished",))),
        ("run.`run name` != 'a'", Comparison(Field("attribute", "name"), "!=", ("a",))),
        ("tags.\"x y\" LIKE 'a%'", Comparison(Field("tag", "x y"), "like", ("a%",))),
        ("tag.`x y` not ilike 'a%'", Comparison(Field("tag", "x y"), "not ilike", ("a%",))),
        ("tags.mlflow.user = \"ada\"", Comparison(Field("tag", "mlflow.user"), "=", ("ada",))),
        ("metrics.val/loss >= -1e-3", Comparison(Field("metric", "val/loss"), ">=", (-0.001,))),
        ("metrics.loss.min<.5", Comparison(Field("metric", "loss", "min"), "<", (0.5,))),
        ('metrics."loss.min" < 1', Comparison(Field("metric", "loss.min"), "<", (1.0,))),
        ('metrics."loss.min".max < 1', Comparison(Field("metric", "loss.min", "max"), "<", (1.0,))),
        ("params.lr in (0.1, '0.10', adam)", Comparison(Field("param", "lr"), "in", (0.1, "0.10", "adam"))),
        ("params.net.width == 64", Comparison(Field("param", "net.width"), "=", (64.0,))),
        ("params.lr IS NOT NULL", Comparison(Field("param", "lr"), "is not null")),
        ("duration > 1h30m", Comparison(Field("attribute", "duration"), ">", (5400.0,))),
        ("duration > 250ms", Comparison(Field("attribute", "duration"), ">", (0.25,))),
        ("started > -7d", Comparison(Field("attribute", "started"), ">", (Ago(604800.0),))),
        ("started > 2026-08-01T00:00:00Z", Comparison(Field("attribute", "started"), ">", (1785542400.0,))),
        ("start_time > 1785542400000", Comparison(Field("attribute", "started"), ">", (1785542400.0,))),
        ("verdict = BIT-EXACT", Comparison(Field("attribute", "verdict"), "=", ("BIT-EXACT",))),
        ("name = 'it''s'", Comparison(Field("attribute", "name"), "=", ("it's",))),
        ("name !~ '^a' ", Comparison(Field("attribute", "name"), "!~", ("^a",))),
        ("resnet 50", And((Text("resnet"), Text("50")))),
        ("'big model'", Text("big model")),
        ("status", Text("status")),
        (
            "resnet metrics.loss < 1",
            And((Text("resnet"), Comparison(Field("metric", "loss"), "<", (1.0,)))),
        ),
        (
            "not a or b and (c or not d)",
            Or((Not(Text("a")), And((Text("b"), Or((Text("c"), Not(Text("d")))))))),
        ),
    ],
)  # fmt: skip
def test_what_is_read(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "position", "message", "suggestions"),
    [
        ("stauts = 'x'", 0, "unknown attribute 'stauts'; did you mean 'status'", ["status", "started"]),
        ("name = 'a' and parms.lr = 3", 15, "unknown field 'parms.lr'", ["params.lr"]),
        ("metrics.loss.mni < 1 and x", 25, "", None),
        ('metrics."a".mni < 1', 12, "unknown statistic 'mni'", ["min"]),
        ('params."a".min < 1', 0, "only metrics have", []),
        ("status = finshed", 9, "no run has the status 'finshed'", ["finished", "failed"]),
        ("kind = notebook", 7, "there are cell, span, script", []),
        ("metrics.loss", 12, "expected an operator after 'metrics.loss'", []),
        ("metrics.loss <", 14, "expected a number, not the end", []),
        ("metrics.loss = 'x'", 15, "expected a number, not 'x'", []),
        ("metrics.loss ~ 'x'", 13, "'~' does not compare", []),
        ("metrics.loss like 'x'", 13, "'like' does not compare", []),
        ("name < 'x'", 5, "'<' does not compare", []),
        ("duration > soon", 11, "expected a duration", []),
        ("started > soon", 10, "such as -7d", []),
        ("metrics. < 1", 8, "a name is missing", []),
        ("params.a in 3", 12, "expected '('", []),
        ("params.a in (3", 12, "never closed", []),
        ("params.a in (3 4)", 15, "expected ',' or ')'", []),
        ("params.a is nothing", 12, "null or not null", []),
        ("(a or b", 0, "never closed", []),
        ("a)", 1, "expected 'and', 'or' or the end", []),
        ("a and", 5, "not the end", []),
        ("or a", 0, "expected a comparison", []),
        ("metrics.a < 1 metrics.b < 1", 14, "expected 'and', 'or' or the end", []),
        ("name = 'abc", 7, "never closed", []),
        ('tags."x y = 3', 5, "never closed", []),
        ("name = ! 3", 7, "means nothing here", []),
        ("'name' = 3", 0, "a text in quotes is none", []),
        ("name ~ '(a'", 7, "no regular expression: missing )", []),
        ("name ~ 'a{1000}{1000}'", 7, "no regular expression", []),
        ("x" * (LONGEST + 1), LONGEST, "at most 4,000 characters", []),
        ("(" * (DEEPEST + 1), DEEPEST, f"at most {DEEPEST}", []),
        ("not " * (DEEPEST + 1) + "a", 4 * DEEPEST, f"at most {DEEPEST}", []),
    ],
)
def test_errors_point_at_the_character_and_say_what_was_meant(text, position, message, suggestions):
    if suggestions is None:  # "loss.mni" is a metric of that name, as in MLflow
        assert parse(text) is not None
        return
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert (caught.value.position, caught.value.suggestions) == (position, suggestions)
    assert message in str(caught.value)


def test_orders_are_read_and_refused():
    assert parse_order("") == ()
    assert parse_order("metrics.loss, started DESC") == (
        Key(Field("metric", "loss")),
        Key(Field("attribute", "started"), descending=True),
    )
    for text, position in (("metrics.loss down", 13), ("metrics.loss,", 13), ("= 3", 0), ("nmae", 0)):
        with pytest.raises(FilterError) as caught:
            parse_order(text)
        assert caught.value.position == position
    with pytest.raises(FilterError, match="at most 5"):
        parse_order(",".join(["name"] * 6))


@pytest.mark.timeout(60)
def test_no_pattern_takes_more_than_linear_time():
    text = "a" * 5000 + "!"
    assert not regular("^(a+)+$")(text)
    assert not regular("(a|a)*b")(text)
    assert not like("%a" * 500 + "%b", ignore_case=False)(text)
    assert not like("%_a_" * 500 + "%b", ignore_case=True)(text)
    assert like("%a" * 500 + "%!", ignore_case=False)(text)


@given(st.text("ab%_.", max_size=8), st.text("abA.\n", max_size=8), st.booleans())
@settings(deadline=None, max_examples=300)
def test_like_is_that_of_sql(pattern, text, ignore_case):
    def matches(pattern, text):
        if not pattern:
            return not text
        if pattern[0] == "%":
            return any(matches(pattern[1:], text[at:]) for at in range(len(text) + 1))
        return bool(text) and pattern[0] in ("_", text[0]) and matches(pattern[1:], text[1:])

    folded = (pattern.lower(), text.lower()) if ignore_case else (pattern, text)
    assert like(pattern, ignore_case=ignore_case)(text) == matches(*folded)


def test_numbers_beyond_a_floats_range_are_no_numbers():
    assert parse("params.a = 1e999") == Comparison(Field("param", "a"), "=", ("1e999",))
    with pytest.raises(FilterError):
        parse("metrics.a < 1e999")
    assert math.isfinite(parse("metrics.a < 1e308").values[0])
