"""Parameters of a run: where they are found, what they may be set to, and a rerun with other values."""

from __future__ import annotations

from typing import Any

import pytest

from runlore.record import CellRecord
from runlore_server.errors import ParameterRefused
from runlore_server.rerun.overrides import checked, options, rewritten
from runlore_server.rerun.parameters import Parameter, parameters
from tests.rerun.conftest import Recorded, record

EVERYTHING = frozenset({"lr", "n", "a", "b", "config", "cfg", "args", "net", "used", "dims", "tag"})


def cells(*sources: str) -> list[CellRecord]:
    return [CellRecord(ordinal=n, source=source, started=0.0, outcome="ok") for n, source in enumerate(sources)]


def stated(*sources: str) -> dict[str, Any]:
    return {found.name: found.value for found in parameters(cells(*sources), EVERYTHING)}


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (
            ["lr = 0.1", "n: int = -3", "a, b = 'x', None", "other = 3", "_used = 1"],
            {"lr": 0.1, "n": -3, "a": "x", "b": None},
        ),
        (["lr = 0.1", "lr = 0.2", "n = 3\nn = compute()"], {"lr": 0.2}),
        (["lr = 0.1", "lr = lr / 2"], {}),
        (
            ["config = {'lr': 0.1, 'net': {'width': 64}, 3: 4, 'data': load()}"],
            {"config.lr": 0.1, "config.net.width": 64},
        ),
        (
            ["config = dict(lr=0.1)", "config['lr'] = 0.2", "config['net'] = {'width': 3}", "config['lr'] *= 2"],
            {"config.lr": 0.2, "config.net.width": 3},
        ),
        (
            ["cfg = OmegaConf.create({'lr': 0.1})\ncfg.lr = 0.3", "net = SimpleNamespace(width=3)"],
            {"cfg.lr": 0.3, "net.width": 3},
        ),
        (
            [
                "@dataclass\nclass C:\n    lr: float = 0.1\n    n: int = 3\n    name: str = 'x'",
                "cfg = C(0.5, name='y')",
            ],
            {"cfg.lr": 0.5, "cfg.n": 3, "cfg.name": "y"},
        ),
        (
            [
                "p = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=0.1)\n"
                "p.add_argument('-n', '--n-steps', default=5, choices=[5, 6])\nargs = p.parse_args([])"
            ],
            {"args.lr": 0.1, "args.n_steps": 5},
        ),
        (
            [
                "class Opt(BaseModel):\n    lr: float = Field(0.1, gt=0)\n    act: Literal['a', 'b'] = 'a'",
                "@dataclass\nclass C:\n    opt: Opt = field(default_factory=Opt)\n    n: int = field(default=3)\n"
                "    dims: list = field(default_factory=lambda: [1])\nclass T(NamedTuple):\n    k: int = 1",
                "cfg = C(n=4)\nnet = T(5)\nargs = C(opt=Opt(lr=0.5))",
            ],
            {
                "cfg.opt.lr": 0.1,
                "cfg.opt.act": "a",
                "cfg.n": 4,
                "cfg.dims": [1],
                "net.k": 5,
                "args.opt.lr": 0.5,
                "args.opt.act": "a",
                "args.n": 3,
                "args.dims": [1],
            },
        ),
        (
            ["cfg = compose('c', overrides=['opt.lr=0.1', '+net=big', 'fast=true', f'x={y}'])"],
            {"cfg.opt.lr": 0.1, "cfg.net": "big", "cfg.fast": True},
        ),
        (["%%track x -p lr=3\nlr = 0.1\n%matplotlib inline\nfiles = !ls\nn = 4"], {"lr": 0.1, "n": 4}),
        (["# Parameters\nlr = 0.5", "if True:\n    lr = 3", "dims = (1, [2])"], {"lr": 0.5, "dims": (1, [2])}),
        (["del lr", "lr = 0.1", "del lr", "not python ("], {}),
    ],
)
def test_where_parameters_are_stated(sources: list[str], expected: dict[str, Any]) -> None:
    assert stated(*sources) == expected


def changed(source: str, **values: Any) -> str:
    (cell,) = cells(source)
    known = [*parameters([cell], EVERYTHING), *options(cell)]
    (made,) = rewritten([cell], known, checked(known, values))
    return made.source


def test_only_the_literal_changes_in_the_text() -> None:
    source = "%%track 'é' -p tag=a\nx = 'ü'; lr = 0.1  # rate\n"
    source += "config = {\n    'net': {'width': [1,\n  2]},  # dims\n}\n"
    assert changed(source, lr=0.2) == source.replace("0.1", "0.2")
    assert changed(source, **{"config.net.width": "[4, 5]"}) == source.replace("[1,\n  2]", "[4, 5]")
    assert changed(source, tag="it's") == source.replace("tag=a", """'tag=it'"'"'s'""")
    assert changed(source, lr="inf") == source.replace("0.1", "float('inf')")
    hydra = "cfg = compose('c', overrides=['opt.lr=0.1', '+fast=true'])"
    assert changed(hydra, **{"cfg.opt.lr": 0.2, "cfg.fast": "false"}) == hydra.replace("0.1", "0.2").replace(
        "true", "false"
    )


@pytest.mark.parametrize(
    ("recorded", "asked", "value"),
    [
        (0.1, "1", 1.0),
        (0.1, "1e-3", 0.001),
        (3, "4", 4),
        (True, "false", False),
        ("a", "3", "3"),
        ("a", "None", None),
        (None, "[1]", [1]),
        ((1, 2), "[3, 4]", (3, 4)),
        ([1], [2], [2]),
        (0.1, 2, 2.0),
    ],
)
def test_values_take_the_recorded_type(recorded: Any, asked: Any, value: Any) -> None:
    known = parameters(cells(f"lr = {recorded!r}"), EVERYTHING)
    found = checked(known, {"lr": asked})["lr"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("recorded", "asked"), [(3, "0.5"), (3, "x"), (True, "1"), ("a", 3), (0.1, "[]"), (3, True)]
)
def test_other_types_are_refused(recorded: Any, asked: Any) -> None:
    known = parameters(cells(f"lr = {recorded!r}"), EVERYTHING)
    with pytest.raises(ParameterRefused, match=r"parameter lr is .*, a (int|bool|str|float)"):
        checked(known, {"lr": asked})


def test_unknown_names_and_choices_are_refused_with_what_there_is() -> None:
    source = "p = argparse.ArgumentParser()\np.add_argument('--act', default='relu', choices=['relu', 'elu'])\n"
    source += "args = p.parse_args([])"
    known = parameters(cells("lr = 0.1", source), EVERYTHING)
    with pytest.raises(
        ParameterRefused, match=r"no parameter 'rate'; its parameters: lr = 0.1 \(float\), args.act = 'relu'"
    ):
        checked(known, {"rate": 1})
    with pytest.raises(ParameterRefused, match=r"; did you mean args.act\?"):
        checked(known, {"acts": 1})
    with pytest.raises(ParameterRefused, match="can be 'relu', 'elu'; not 'tanh'"):
        checked(known, {"args.act": "tanh"})
    typed = "class C(BaseModel):\n    act: Literal['relu', 'elu'] = 'relu'\ncfg = C()"
    with pytest.raises(ParameterRefused, match="can be 'relu', 'elu'; not 'tanh'"):
        checked(parameters(cells(typed), EVERYTHING), {"cfg.act": "tanh"})
    shared: list[Parameter] = parameters(cells("a = b = 1"), EVERYTHING)
    with pytest.raises(ParameterRefused, match="shares its value"):
        rewritten(cells("a = b = 1"), shared, {"a": 2, "b": 3})


CELLS = [
    "%load_ext runlore",
    "import random\nrate = 0.5\nconfig = {'net': {'width': 8}}",
    "noise = [random.random() for _ in range(3)]",
    "%%track train -p tag=first\nimport runlore\nfor step in range(3):\n"
    "    runlore.log(loss=rate * random.random(), width=config['net']['width'])",
    "import argparse\nfrom dataclasses import dataclass, field\nfrom types import SimpleNamespace\n"
    "@dataclass\nclass Opt:\n    lr: float = 0.1\n    name: str = 'sgd'\n"
    "    @property\n    def seen(self):\n        raise RuntimeError\n"
    "@dataclass(slots=True)\nclass Config:\n    opt: Opt = field(default_factory=Opt)\n    steps: int = 3\n"
    "cfg = Config(steps=2)\nparser = argparse.ArgumentParser()\n"
    "parser.add_argument('--drop', type=float, default=0.5)\n"
    "args = parser.parse_args([])",
    "import json\nopen('c.json', 'w').write('{\"depth\": {\"of\": 4}}')\nread = json.load(open('c.json'))",
    "%%track objects\nimport runlore\nown = SimpleNamespace(decay=0.25)\n"
    "for step in range(cfg.steps):\n"
    "    runlore.log(loss=cfg.opt.lr * own.decay * args.drop, depth=read['depth']['of'])",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("parameters"), CELLS)


def test_a_rerun_with_other_values_says_so(recorded: Recorded) -> None:
    run = recorded.runs["train"]
    done = recorded.command(
        "rerun", run.run_id, "--slice", "--json", "-p", "rate=0.25", "config.net.width=16", "-p", "tag=second"
    )
    assert done.code == 1, done
    found = done.json
    assert found["verdict"] == "DIVERGED"
    assert "rate" in found["causes"][0]
    assert found["changed"] == ["config.net.width", "rate", "tag"]
    shown = recorded.command("show", found["run_id"], "--json").json
    assert shown["params"]["rate"] == 0.25
    assert shown["params"]["config"] == {"net": {"width": 16}}
    assert shown["params"]["tag"] == "second"
    first, second = (recorded.command("show", run_id, "--json").json for run_id in (run.run_id, found["run_id"]))
    # The draws are those of the original: its random states were restored.
    assert second["metrics"]["loss"]["last"] == pytest.approx(first["metrics"]["loss"]["last"] / 2, abs=1e-12)
    assert second["metrics"]["width"]["last"] == 16


def test_what_configuration_objects_hold_is_recorded_and_can_be_changed(recorded: Recorded) -> None:
    run = recorded.runs["objects"]
    assert run.params == {
        "args.drop": 0.5,
        "cfg.opt.lr": 0.1,
        "cfg.opt.name": "sgd",
        "cfg.steps": 2,
        "own.decay": 0.25,
        "read": {"depth": {"of": 4}},
    }
    done = recorded.command(
        "rerun", run.run_id, "--slice", "--json", "-p", "cfg.opt.lr=0.5", "-p", "own.decay=1", "-p", "args.drop=1"
    )
    again = recorded.command("show", done.json["run_id"], "--json").json
    assert {name: again["params"][name] for name in ("cfg.opt.lr", "own.decay", "args.drop", "cfg.steps")} == {
        "cfg.opt.lr": 0.5,
        "own.decay": 1.0,
        "args.drop": 1.0,
        "cfg.steps": 2,
    }
    assert again["metrics"]["loss"]["last"] == 0.5


def test_show_lists_them_and_a_wrong_one_runs_nothing(recorded: Recorded) -> None:
    run_id = recorded.runs["train"].run_id
    shown = recorded.command("show", run_id, "--json").json["parameters"]
    assert [(p["name"], p["type"], p["value"], p["cell"]) for p in shown] == [
        ("rate", "float", 0.5, 0),
        ("config.net.width", "int", 8, 0),
        ("tag", "str", "first", 2),
    ]
    refused = recorded.command("rerun", run_id, "--json", "-p", "rat=1")
    assert refused.code == 2
    assert refused.json["error"]["reason"] == "ParameterRefused"
    assert "rate = 0.5 (float)" in refused.json["error"]["message"]
