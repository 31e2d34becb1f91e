"""What spaces can be written, and what is said of those that cannot."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore_server.errors import ParameterRefused, SpaceRefused
from runlore_server.rerun.literals import Place
from runlore_server.rerun.parameters import Parameter
from runlore_server.sweep.space import Space, space

PLACE = Place(0, 1, 0, 1, 1)
KNOWN = [
    Parameter("lr", 0.05, PLACE),
    Parameter("layers", 3, PLACE),
    Parameter("net.width", 64, PLACE),
    Parameter("act", "relu", PLACE, ["relu", "gelu"]),
    Parameter("path", "../data", PLACE),
    Parameter("norm", True, PLACE, [True, False]),
    Parameter("sizes", (64, 64), PLACE),
    Parameter("limit", None, PLACE),
]


def values(name: str, asked: Any) -> list[Any]:
    """All values of a dimension."""
    (one,) = space(KNOWN, {name: asked}).dimensions
    return [one.at(index) for index in range(one.count or 0)]


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("layers", "2..5", [2, 3, 4, 5]),
        ("layers", "int:2..4", [2, 3, 4]),
        ("net.width", "16..64:16", [16, 32, 48, 64]),
        ("net.width", "16..60:16", [16, 32, 48]),
        ("net.width", "log2:10..100", [16, 32, 64]),
        ("lr", "0.1..0.4:0.1", [0.1, 0.2, 0.3, 0.4]),
        ("lr", "0..1/3", [0.0, 0.5, 1.0]),
        ("lr", "log:1e-5..1e-1/5", [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
        ("lr", "1,0.5", [1.0, 0.5]),
        ("lr", "[0.1, 0.2]", [0.1, 0.2]),
        ("lr", [1, 2], [1.0, 2.0]),
        ("lr", "0.1,0.1,0.2", [0.1, 0.2]),
        ("act", "*", ["relu", "gelu"]),
        ("act", "gelu, relu", ["gelu", "relu"]),
        ("norm", "*", [True, False]),
        ("norm", "false,true", [False, True]),
        ("path", "../a,log:b", ["../a", "log:b"]),
        ("path", "'a,b',c", ["a,b", "c"]),
        ("path", "choice:log:1..2,x", ["log:1..2", "x"]),
        ("sizes", "[[32, 32], [8]]", [(32, 32), (8,)]),
        ("limit", "1..3", [1, 2, 3]),
        ("limit", "None,5", [None, 5]),
    ],
)
def test_values_are_written_as_people_write_them(name: str, asked: Any, expected: list[Any]) -> None:
    found = values(name, asked)
    assert found == pytest.approx(expected) if name == "lr" else found == expected
    assert [type(one) for one in found] == [type(one) for one in expected]


@pytest.mark.parametrize(
    ("name", "asked", "position", "said"),
    [
        ("lr", "", 3, "has no values"),
        ("lr", "5..1", 3, "the range is empty"),
        ("lr", "1..1", 3, "the same as its end"),
        ("lr", "0.1..x", 8, "'x' is no number"),
        ("lr", "1..inf", 6, "'inf' is no number"),
        ("lr", "log:0..1", 7, "above 0"),
        ("lr", "log:", 7, "there is a range"),
        ("lr", "log:1..10:2", 12, "no steps"),
        ("lr", "0..1:3", 8, "a step is a number above 0"),
        ("lr", "0..1/1", 8, "2 to 1000 points"),
        ("lr", "abc", 3, "'abc' is a str"),
        ("lr", "nan,1", 3, "cannot be nan"),
        ("lr", "int:1..3", 3, "a float"),
        ("layers", "2.5..8", 7, "takes whole numbers"),
        ("layers", "1..9:0.5", 12, "whole number above 0"),
        ("lr", "0..1:1e-9", 8, "at most 1,000,000 steps"),
        ("lr", "0..1:1e-30", 8, "at most 1,000,000 steps"),
        ("layers", "0..9007199254740993", 10, "lie within 9007199254740991"),
        ("layers", "-9223372036854775809..3", 7, "lie within 9007199254740991"),
        ("act", "tanh", 4, "can be 'relu', 'gelu'"),
        ("norm", "0..1", 5, "a bool"),
        ("sizes", "*", 6, "is not known"),
        ("sizes", "1..3", 6, "between commas"),
    ],
)
def test_what_is_no_description_of_values_is_pointed_at(name: str, asked: str, position: int, said: str) -> None:
    with pytest.raises(SpaceRefused, match=said) as refused:
        space(KNOWN, {name: asked})
    assert refused.value.position == position
    assert refused.value.text == f"{name}={asked}"
    assert refused.value.pointed_out().endswith("\n" + " " * position + "^")


def test_a_parameter_that_the_run_has_not_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(ParameterRefused, match="did you mean layers"):
        space(KNOWN, {"layer": "1..3"})


def test_a_space_needs_something_to_choose() -> None:
    for asked in ({}, {"lr": "0.1"}, {"layers": "3", "norm": "true"}):
        with pytest.raises(ParameterRefused, match=r"no point to choose: .* lr=log:0.005..0.5"):
            space(KNOWN, asked)


def test_a_single_value_is_set_in_all_trials() -> None:
    made = space(KNOWN, {"lr": "0.1..0.9", "layers": "5"})
    assert made.fixed == {"layers": 5}
    assert [one.name for one in made.dimensions] == ["lr"]


def test_conditions_leave_points_out_and_may_speak_of_any_parameter() -> None:
    made = space(
        KNOWN,
        {"layers": "1..8", "net.width": "16..128:16", "act": "*"},
        ["layers * net.width <= 128", "act != 'gelu' or layers in (1, 2)", "norm and lr < 0.1"],
    )
    points = list(made.grid())
    assert points
    for layers, width, act in (point.values() for point in points):
        assert layers * width <= 128
        assert act != "gelu" or layers in (1, 2)
    left = [(n, w) for n in range(1, 9) for w in range(16, 129, 16) if n * w <= 128]
    assert len(points) == len(left) + sum(n in (1, 2) for n, _ in left)


@pytest.mark.parametrize(
    ("condition", "position", "said"),
    [
        ("layers ** 2 < 9", 0, "nothing that a condition knows"),
        ("__import__('os').getcwd() == lr", 0, "knows the functions"),
        ("lr.__class__ == 1", 0, "no parameter 'lr.__class__'"),
        ("lr < 1 and lair > 2", 11, "did you mean 'lr'"),
        ("lr", 0, "this is no condition"),
        ("lr <", 4, "this is no condition"),
        ("[x for x in (1,)] == lr", 0, "nothing that a condition knows"),
        ("(lambda: lr)() < 1", 0, "knows the functions"),
        ("f'{lr}' == 'x'", 0, "nothing that a condition knows"),
        ("act * 9 == 'x'", 0, "cannot be decided"),
        ("lr < 0", 0, "none meets all conditions"),
    ],
)
def test_nothing_in_a_condition_is_executed(condition: str, position: int, said: str) -> None:
    with pytest.raises(SpaceRefused, match=said) as refused:
        space(KNOWN, {"lr": "0.1..0.9", "act": "*"}, [condition])
    assert refused.value.position == position


def test_a_condition_of_great_depth_is_refused() -> None:
    for text in ("(" * 300 + "lr" + ")" * 300 + " < 1", "lr < 1 and " * 60 + "lr < 1"):
        with pytest.raises(SpaceRefused):
            space(KNOWN, {"lr": "0.1..0.9"}, [text])


def test_a_grid_needs_steps_and_an_end() -> None:
    with pytest.raises(SpaceRefused, match=r"lr has none: write lr=A\.\.B/5"):
        space(KNOWN, {"lr": "0.1..0.9"}).grid()
    with pytest.raises(SpaceRefused, match="1,000,000 points, 1,000"):
        space(KNOWN, {"layers": "1..1000", "net.width": "1..1000"}).grid()


@given(
    low=st.floats(1e-6, 10),
    width=st.floats(1e-3, 1e3),
    log=st.booleans(),
    seed=st.integers(0, 2**32),
    count=st.integers(1, 5),
)
@settings(max_examples=200, deadline=None)
def test_points_and_narrower_spaces_stay_within(
    low: float, width: float, log: bool, seed: int, count: int
) -> None:
    """Whatever is drawn is a point of the space, of that around it, and of Optuna's distribution."""
    high, source = low + width, random.Random(seed)
    text = f"{'log:' if log else ''}{low!r}..{high!r}"
    made = space(KNOWN, {"lr": text, "layers": "1..20:3", "net.width": "log:1..100", "act": "*"})
    points = [made.draw(source) for _ in range(count)]
    near: Space = made.around(points, 0.1)
    for point in points:
        assert made.contains(point)
        assert near.contains(point)
        for one in made.dimensions:
            stored = one.stored(point[one.name])
            distribution = one.distribution()
            assert distribution._contains(distribution.to_internal_repr(stored))
            assert one.value(stored) == point[one.name]
    for one in near.dimensions:
        assert all(made.contains({**points[0], one.name: one.draw(source)}) for _ in range(5))
