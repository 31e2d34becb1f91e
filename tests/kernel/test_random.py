"""Random states: what is found in variables, what is recorded, and that nothing of the user's is run for it."""

from __future__ import annotations

import ast
import pickle
import random
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runlore import seeding
from runlore.capture import generators, workers
from runlore.capture.entropy import Entropy
from runlore.capture.finder import Found, GeneratorFinder
from runlore.capture.names import UserVariables
from runlore.errors import ObjectMissing
from runlore.states import HEADER, StateFile, StateWriter
from tests.conftest import Notebook

ROOT, OTHER_ROOT = "00" * 16, "01" * 16


class Untouchable:
    """An object that no look may wake."""

    def __init__(self, **stored: Any) -> None:
        vars(self).update(stored)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")

    def __iter__(self) -> Any:
        raise AssertionError("iterated")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    __hash__ = None  # type: ignore[assignment]

    @property
    def lazy(self) -> Any:
        raise AssertionError("a property was read")


class Slotted:
    __slots__ = ("empty", "rng")


class Finder:
    """A finder with its own look at a namespace."""

    def __init__(self) -> None:
        self._users = UserVariables()
        self._finder = GeneratorFinder(self._users)
        self.at = self._finder.at

        self.put_off_after: list[int] = []

    def find(self, namespace: dict[str, Any], named: set[str] | None = None) -> list[Found]:
        found = self._finder.find(self._users.look(namespace), named)
        self.put_off_after.append(self._finder.put_off)
        return found


def drawing(rng: np.random.Generator) -> Callable[[], float]:
    return lambda: rng.normal(1)


def test_generators_are_found_where_they_are_and_nothing_else_is_touched() -> None:
    shared = np.random.default_rng(1)
    slotted = Slotted()
    slotted.rng = random.Random(2)
    deep: dict[str, Any] = {}
    deep["self"] = deep
    namespace = {
        "rng": shared,
        "again": shared,
        "bits": shared.bit_generator,
        "cells": {"train": [1, 2, {"x": np.random.RandomState(1)}], 3: slotted, ("a",): random.Random(1)},
        "held": Untouchable(inner=Untouchable(r=np.random.PCG64(1))),
        "draw": drawing(np.random.default_rng(4)),
        "method": np.random.default_rng(5).normal,
        "space": types.SimpleNamespace(r=random.Random(7)),
        "deep": deep,
        "system": random.SystemRandom(),
        "library": np.random.mtrand._rand,
        "_3": random.Random(8),
        "words": ["a"] * 100_000,
    }
    finder = Finder()
    paths = [path for path, _ in finder.find(namespace)]
    assert paths == [
        "rng",
        "cells[3].rng",
        "cells['train'][2]['x']",
        "held.inner.r",
        "draw.__closure__[0].cell_contents",
        "method.__self__",
        "space.r",
    ]
    for path, generator in finder.find(namespace):
        assert finder.at(path, namespace) is generator
        before = generators.take(generator)
        drawn = [_draw(generator) for _ in range(3)]
        generators.put(generator, before)
        assert [_draw(generator) for _ in range(3)] == drawn
    with pytest.raises(LookupError):
        finder.at("held.lazy", namespace)
    with pytest.raises(LookupError):
        finder.at("cells['test']", namespace)
    with pytest.raises(LookupError):
        finder.at("__import__('os')", namespace)
    with pytest.raises(TypeError, match="no generator of numpy"):
        generators.put(random.Random(), generators.take(shared))
    with pytest.raises(TypeError, match="draws from PCG64"):
        generators.put(shared, generators.take(np.random.Generator(np.random.Philox(1))))


def _draw(generator: Any) -> Any:
    for name in ("random", "random_sample", "random_raw"):
        if hasattr(generator, name):
            return getattr(generator, name)()
    raise AssertionError(generator)


def test_a_generator_that_comes_into_a_known_variable_is_found() -> None:
    finder = Finder()
    namespace: dict[str, Any] = {"config": {"rng": None}}
    assert finder.find(namespace, named=set()) == []
    namespace["config"]["rng"] = random.Random(1)
    assert [path for path, _ in finder.find(namespace, named={"config"})] == ["config['rng']"]
    namespace = {"config": {"rng": None}}
    assert finder.find(namespace, named=set()) == []
    namespace["config"]["rng"] = random.Random(1)
    assert any(finder.find(namespace, named=set()) for _ in range(20))


def test_of_very_many_variables_some_are_looked_through_later_and_known_generators_always() -> None:
    finder = Finder()
    namespace: dict[str, Any] = {f"v{number}": [[[at]] for at in range(90)] for number in range(1000)}
    namespace["rng"] = [random.Random(1)]
    finds = [finder.find(namespace, named=set()) for _ in range(1000)]
    first = next(place for place, found in enumerate(finds) if found)
    assert first > 0
    assert all(finder.put_off_after[:first])
    assert all([path for path, _ in found] == ["rng[0]"] for found in finds[first:])
    assert not finder.put_off_after[-1]


def test_a_class_that_cannot_be_compared_or_hashed_hides_nothing() -> None:
    class Meta(type):
        def __eq__(cls, other: object) -> bool:
            raise AssertionError("compared")

        __hash__ = None  # type: ignore[assignment]

    class Odd(metaclass=Meta):
        def __init__(self) -> None:
            self.rng = random.Random(1)

    assert [path for path, _ in Finder().find({"odd": Odd(), "kind": Odd, "all": [Odd()]})] == [
        "odd.rng",
        "all[0].rng",
    ]


def test_a_generator_is_still_found_when_the_first_way_to_it_is_gone() -> None:
    finder, shared = Finder(), {"rng": random.Random(1)}
    namespace: dict[str, Any] = {"first": shared, "second": shared}
    assert [path for path, _ in finder.find(namespace, named=set())] == ["first['rng']"]
    del namespace["first"]
    assert [path for path, _ in finder.find(namespace, named={"first"})] == ["second['rng']"]


def assert_the_root_decides(entropy: Entropy, seeds: Callable[[], list[Any]]) -> None:
    found = []
    for root in (ROOT, ROOT, OTHER_ROOT):
        entropy.begin(root)
        found.append(seeds())
    assert found[0] == found[1]
    assert not set(found[0]) & set(found[2])
    assert len(set(found[0])) == len(found[0])


def test_unseeded_generators_come_from_the_root() -> None:
    def seeds() -> list[Any]:
        np.random.seed(1)  # np.random.seed() keeps the position in the stream, so begin at the same one
        own = type("Own", (random.Random,), {})
        drawn: list[Any] = [np.random.default_rng().random(), random.Random().random(), own().random()]
        random.seed()
        np.random.seed()
        return [*drawn, random.random(), np.random.rand(), np.random.SeedSequence().entropy]

    kept = random.getstate(), np.random.get_state()
    entropy = Entropy()
    try:
        assert_the_root_decides(entropy, seeds)
        with pytest.raises(TypeError):
            random.seed([1])  # type: ignore[arg-type]
        random.seed(5)
        seeded = random.random()
    finally:
        entropy.end()
    assert seeded == random.Random(5).random()
    assert random.seed.__func__ is random.Random.seed  # type: ignore[attr-defined]
    assert random.Random.seed.__module__ == "random"
    assert seeds() != seeds()
    random.setstate(kept[0])
    np.random.set_state(kept[1])


@pytest.mark.parametrize(
    ("source", "seeds"),
    [
        (
            "train_test_split(x, random_state=42); f(SEED, seed=None, bagging_seed=3)",
            ["random_state=42", "bagging_seed=3"],
        ),
        (
            "pl.seed_everything(3); set_seed(4); jax.random.PRNGKey(5)",
            ["seed_everything(3)", "set_seed(4)", "PRNGKey(5)"],
        ),
        ("torch.Generator().manual_seed(0)", ["manual_seed(0)"]),
        ("np.random.Generator(np.random.PCG64([1, 2]))", ["PCG64([1, 2])"]),
        ("def own(seed): return seed\nown(seed=7); d.key(3); e.seed('text'); reseed(4)", []),
        ("@numba.njit\ndef fast(n):\n    np.random.seed(1)", []),
    ],
)
def test_seeds_are_known_by_the_names_they_are_given_to(source: str, seeds: list[str]) -> None:
    tree = ast.parse(source)
    assert sorted(seeding.seeds_in(tree)) == sorted(seeds)
    seeding.rewrite(tree, "reseeding")
    assert ("reseeding" in ast.unparse(tree)) == ("numba" not in source)
    assert compile(ast.fix_missing_locations(tree), "cell", "exec")


def test_torch_generators_are_seeded_from_the_root_too() -> None:
    torch = pytest.importorskip("torch")
    kept, entropy = torch.get_rng_state(), Entropy()
    original = torch.Generator.seed

    def seeds() -> list[Any]:
        generator = torch.Generator()
        drawn = [generator.seed(), torch.default_generator.seed(), torch.seed(), torch.Generator.seed(generator)]
        return [*drawn, torch.rand(1).item(), torch.rand(1, generator=generator).item()]

    try:
        assert_the_root_decides(entropy, seeds)
    finally:
        entropy.end()
    assert torch.Generator.seed is original
    assert seeds() != seeds()
    torch.set_rng_state(kept)


def test_a_worker_that_cannot_import_runlore_goes_without() -> None:
    class Starter:
        @staticmethod
        def get_preparation_data(name: str) -> dict[str, Any]:
            return {"name": name}

    put_back = workers.seed_new_workers(Starter, lambda _, size: bytes(size))
    sent = pickle.dumps(Starter.get_preparation_data("worker"))
    assert Starter.get_preparation_data("ignore") == {"name": "ignore"}
    put_back()
    assert Starter.get_preparation_data("worker") == {"name": "worker"}
    code = f"import pickle; print(pickle.loads({sent!r})['name'])"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("worker\n", "")


def test_what_serves_the_kernel_leaves_the_user_s_numbers_alone(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook()
    notebook.run("import random; get_ipython().kernel.session.digest_history_size = 2; state = random.getstate()")
    for _ in range(3):  # each message that comes in makes the session forget another one, by chance
        notebook.run("")
    assert "False" in notebook.run("random.getstate() == state").text
    notebook.load()
    notebook.run("state = random.getstate()")
    for _ in range(3):
        notebook.run("")
    assert "True" in notebook.run("random.getstate() == state").text


def test_the_state_file_is_torn_or_changed(tmp_path: Path) -> None:
    path = tmp_path / "states.bin"
    writer = StateWriter(path)
    first, second = writer.put(b"first" * 100), writer.put(b"second" * 100)
    size = path.stat().st_size
    assert writer.put(b"first" * 100) == first
    assert path.stat().st_size == size
    reader = StateFile(path)
    assert reader.get(second) == b"second" * 100
    third, again, fourth = writer.put_all([b"third", b"first" * 100, b"4"])
    assert again == first
    assert reader.get(third) == b"third"  # while it grows
    assert reader.get(fourth) == b"4"
    content = path.read_bytes()
    path.write_bytes(content[: size - 1])
    assert StateFile(path).get(first) == b"first" * 100
    with pytest.raises(ObjectMissing, match="is not in"):
        StateFile(path).get(second)
    path.write_bytes(content.replace(b"second", b"zecond", 1))
    with pytest.raises(ObjectMissing, match="another hash"):
        StateFile(path).get(second)
    for header in (b"", b"x" * len(HEADER), HEADER[:8] + b"\xff" * 8):
        path.write_bytes(header + content[len(HEADER) :])
        with pytest.raises(ObjectMissing):
            StateFile(path).get(first)
    path.unlink()
    with pytest.raises(ObjectMissing, match="cannot be read"):
        StateFile(path).get(first)


def test_states_are_written_once_and_the_cell_s_end_tells_of_interrupts(shared_notebook: Notebook) -> None:
    notebook = shared_notebook
    notebook.run("import random, signal, os\nhandler = signal.getsignal(signal.SIGINT)\nr = random.Random(3)")
    states = notebook.home.states(notebook.session().session_id)
    notebook.run("x = 1")
    size = states.stat().st_size
    notebook.run("x = 2")
    assert states.stat().st_size == size
    notebook.run("r.random()")
    notebook.run("try:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept KeyboardInterrupt:\n    caught = True")
    notebook.run("raise KeyboardInterrupt")
    text = notebook.run("print(signal.getsignal(signal.SIGINT) is handler, signal.set_wakeup_fd(-1) >= 0)").text
    assert text.startswith("True")
    cells = list(notebook.session().cells.values())
    assert size < states.stat().st_size
    assert [cell.generators.keys() for cell in cells[2:4]] == [{"r"}, {"r"}]
    assert [(cell.outcome, cell.interrupted) for cell in cells[5:7]] == [("ok", True), ("interrupted", False)]
    assert cells[5].snapshot is not None
    assert cells[6].snapshot is None
    assert notebook.home.key.stat().st_mode & 0o777 == 0o600
    assert len({cell.entropy for cell in cells}) == len(cells)
    assert notebook.session().not_captured == []
