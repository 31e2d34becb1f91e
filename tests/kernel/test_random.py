"""Random states: what is found in variables, what is recorded, and that nothing of the user's is run for it."""

from __future__ import annotations

import random
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runlore.capture import generators
from runlore.capture.entropy import Entropy
from runlore.capture.finder import GeneratorFinder
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
    finder = GeneratorFinder()
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
    finder = GeneratorFinder()
    namespace: dict[str, Any] = {"config": {"rng": None}}
    assert finder.find(namespace, named=set()) == []
    namespace["config"]["rng"] = random.Random(1)
    assert [path for path, _ in finder.find(namespace, named={"config"})] == ["config['rng']"]
    namespace = {"config": {"rng": None}}
    assert finder.find(namespace, named=set()) == []
    namespace["config"]["rng"] = random.Random(1)
    assert any(finder.find(namespace, named=set()) for _ in range(20))


def test_a_class_that_cannot_be_compared_or_hashed_hides_nothing() -> None:
    class Meta(type):
        def __eq__(cls, other: object) -> bool:
            raise AssertionError("compared")

        __hash__ = None  # type: ignore[assignment]

    class Odd(metaclass=Meta):
        def __init__(self) -> None:
            self.rng = random.Random(1)

    assert [path for path, _ in GeneratorFinder().find({"odd": Odd(), "kind": Odd, "all": [Odd()]})] == [
        "odd.rng",
        "all[0].rng",
    ]


def test_a_generator_is_still_found_when_the_first_way_to_it_is_gone() -> None:
    finder, shared = GeneratorFinder(), {"rng": random.Random(1)}
    namespace: dict[str, object] = {"first": shared, "second": shared}
    assert [path for path, _ in finder.find(namespace, named=set())] == ["first['rng']"]
    del namespace["first"]
    assert [path for path, _ in finder.find(namespace, named={"first"})] == ["second['rng']"]


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
        found = []
        for root in (ROOT, ROOT, OTHER_ROOT):
            entropy.begin(root)
            found.append(seeds())
        assert found[0] == found[1]
        assert not set(found[0]) & set(found[2])
        assert len(set(found[0])) == len(found[0])
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


def test_the_state_file_is_torn_or_changed(tmp_path: Path) -> None:
    path = tmp_path / "states.bin"
    writer = StateWriter(path)
    first, second = writer.put(b"first" * 100), writer.put(b"second" * 100)
    size = path.stat().st_size
    assert writer.put(b"first" * 100) == first
    assert path.stat().st_size == size
    reader = StateFile(path)
    assert reader.get(second) == b"second" * 100
    third = writer.put(b"third")
    assert reader.get(third) == b"third"  # while it grows
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
