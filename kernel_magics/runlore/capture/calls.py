"""Calls in source text of functions whose results no replay can give back."""

from __future__ import annotations

import ast
import os
import os.path
import re
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from runlore.capture import statements
from runlore.capture.unrepeatable import FUNCTIONS

if TYPE_CHECKING:
    from runlore.events import UncontrolledKind

Found = tuple["UncontrolledKind", str]

_POOLS = ("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor")
_THREADS = frozenset(("threading.Thread", "multiprocessing.pool.ThreadPool", "asyncio.to_thread", *_POOLS))
"""What starts threads; before Python 3.12 no audit event tells of one."""

_TASKS = frozenset(("create_task", "ensure_future", "call_later", "call_at", "run_in_executor"))
"""Methods that start work which goes on beside the cells."""

_DEVICES = ("/dev/urandom", "/dev/random", "/dev/hwrng")
"""What gives chance when it is read."""

_KERNELS_FILES = "/proc/"
"""Where the files lie that tell of the system as it is at that moment."""

_BY_WORD = frozenset(("numpy.datetime64", "pandas.Timestamp", "pandas.to_datetime"))
"""What tells the time when it is asked for ``now`` or ``today``."""

_LOOPS = frozenset(("asyncio.get_event_loop", "asyncio.get_running_loop"))

_NO_VALUE = frozenset(("environment variable", "environment copy", "schedule", "temporary path"))
"""Kinds of use whose results are the same again, in the same surroundings, or lead to what is the same again."""

_TIMES = frozenset(f"st_{which}time{unit}" for which in ("m", "c", "a", "birth") for unit in ("", "_ns"))
_ENVIRONMENT = "os.environ"
_LOOK_UPS = frozenset(("os.getenv", *(f"{_ENVIRONMENT}.{name}" for name in ("get", "pop", "setdefault"))))
_ONE_BY_ONE = _LOOK_UPS | {f"{_ENVIRONMENT}.{name}" for name in ("update", "clear")}
"""Methods that ask for single variables, or for none."""

_UNTIL_NOW = {"time.localtime": 0, "time.gmtime": 0, "time.ctime": 0, "time.asctime": 0, "time.strftime": 1}
"""Clocks when called with no more than so many arguments."""

_KNOWN = frozenset((*FUNCTIONS, *_THREADS, *_UNTIL_NOW, *_BY_WORD, *_LOOPS, _ENVIRONMENT, "os.getenv"))
_FINALIZER = "__del__"
_LAST_WORDS = frozenset(name.rpartition(".")[2] for name in _KNOWN) | _TIMES | _TASKS | {_FINALIZER}
_REAL_NAMES = {
    "posix": "os",
    "nt": "os",
    **dict.fromkeys(("posixpath", "ntpath", "genericpath"), "os.path"),
    "_datetime": "datetime",
    "_ssl": "ssl",
    "_thread": "threading",
    "pandas._libs.tslibs.timestamps": "pandas",
}

_WORD = re.compile(r"[^\W\d]\w*")
_TIMING = re.compile(r"^\s*(?:[\w, .\[\]'\"]+=\s*)?%%?(timeit|time)\b", re.MULTILINE)
_COMMAND = re.compile(r"^\s*(?:[\w, .\[\]'\"]+=\s*)?!+[ \t]*(\S.*)$", re.MULTILINE)
_INSTALLER = re.compile(r"^\s*%(pip|conda|mamba|uv|sx|system)\b", re.MULTILINE)
_SHELL_CELL = re.compile(r"^%%(?:script\s+(?:--?\S+\s+)*)?(bash|sh|sx|system|!|\S+)")
_PROGRAM_CELLS = ("bash", "sh", "script", "sx", "system", "perl", "ruby", "cmd", "python", "python3", "pypy")
_MAGIC_LINE = re.compile(r"^([ \t]*)(?:[%!].*)$", re.MULTILINE)
_MAGIC_VALUE = re.compile(r"=[ \t]*[%!].*$", re.MULTILINE)


def uncontrolled_calls(source: str, namespace: dict[str, Any]) -> list[Found]:
    """What ``source`` calls, each once, by the functions' own names; environment variables by theirs.

    Args:
        source: a cell with its magics, or a module.
        namespace: what the names are bound to that the source does not import itself.
    """
    if (program_cell := _program_cell(source)) is not None:
        return [("subprocess", program_cell)]
    found = dict.fromkeys(_magics(source)) if "%" in source or "!" in source else {}
    words = set(_WORD.findall(source))
    if (
        not words.isdisjoint(_LAST_WORDS)
        or any(_real_name(namespace.get(word)) in _KNOWN for word in words)
        or any(path in source for path in (*_DEVICES, _KERNELS_FILES))
        or statements.may_ask(source)
    ):
        found.update(dict.fromkeys(_calls(source, namespace)))
    return list(found)


def uncontrolled_nodes(nodes: Iterable[ast.AST]) -> set[ast.AST]:
    """Those of the nodes that call, or look up, what another execution gives another value for.

    Args:
        nodes: of one or more trees, each before what it contains; names are what any of them imports.
    """
    nodes = list(nodes)
    look = _Look(imports_of(nodes), {})
    return {node for node in nodes if any(kind not in _NO_VALUE for kind, _ in look.at(node))}


def imports_of(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """The dotted path that each imported name stands for."""
    return dict(alias for node in nodes for alias in _imports(node))


def program(command: str) -> str:
    """The name of the program in a command line, without assignments before it, folders and arguments."""
    for word in command.split():
        name = os.path.basename(word.strip("'\"();&|{}"))  # noqa: PTH119 - a word of a command line
        if name and "=" not in word:
            return name
    return "a shell"


def _program_cell(source: str) -> str | None:
    """The program that a cell magic hands all of the cell to; ``None`` where the cell is Python."""
    cell = _SHELL_CELL.match(source)
    return program(cell[1]) if cell is not None and source[2:].split(None, 1)[0] in _PROGRAM_CELLS else None


def _magics(source: str) -> Iterator[Found]:
    for timing in _TIMING.findall(source):
        yield "clock", f"%{timing}"
    for command in _COMMAND.findall(source):
        yield "subprocess", program(command)
    for command in _INSTALLER.findall(source):
        yield "subprocess", command


def _calls(source: str, namespace: dict[str, Any]) -> Iterator[Found]:
    tree = _parse(source)
    if tree is None:
        return
    nodes = list(ast.walk(tree))
    look = _Look(imports_of(nodes), namespace)
    for node in nodes:  # what contains comes before what it contains
        yield from look.at(node)


class _Look:
    """Looks at the nodes of a tree one by one; ``imported`` are names that the source itself imports."""

    def __init__(self, imported: dict[str, str], namespace: dict[str, Any]) -> None:
        self._imported = imported
        self._namespace = namespace
        self._accounted: set[ast.expr] = set()
        """Where ``id`` is called, and where the environment is asked for, or given, single variables."""

    def at(self, node: ast.AST) -> Iterator[Found]:
        if isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.Subscript):
            if self._is_environment(node.value) and isinstance(node.ctx, ast.Load):
                yield from self._variable(node.slice)
        elif isinstance(node, ast.Compare):
            if isinstance(node.ops[0], (ast.In, ast.NotIn)) and self._is_environment(node.comparators[0]):
                yield from self._variable(node.left)
        elif isinstance(node, (ast.Attribute, ast.Name)):
            yield from self._whole(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from self._text(node.value)
        elif isinstance(node, ast.FunctionDef) and node.name == _FINALIZER:
            yield "schedule", "the garbage collector"

    def _text(self, text: str) -> Iterator[Found]:
        """What is read or asked where a text is the name of a file, or a statement in SQL."""
        if text in _DEVICES:
            yield "urandom", text
        elif text.startswith(_KERNELS_FILES):
            yield "machine state", text
        else:
            yield from statements.asked(text)

    def _call(self, node: ast.Call) -> Iterator[Found]:
        if isinstance(node.func, ast.Attribute):
            yield from self._method(node.func)
        name = self._name(node.func)
        if name is None:
            return
        if kind := FUNCTIONS.get(name):
            self._accounted.add(node.func)
            yield kind, name
        elif name in _THREADS:
            yield "schedule", "threads"
        elif name in _LOOK_UPS:
            yield from self._variable(node.args[0] if node.args else None)
        elif len(node.args) <= _UNTIL_NOW.get(name, -1) or (name in _BY_WORD and _says_now(node)):
            yield "clock", name
        if name in _ONE_BY_ONE and isinstance(node.func, ast.Attribute):
            self._accounted.add(node.func.value)

    def _method(self, function: ast.Attribute) -> Iterator[Found]:
        if function.attr in _TASKS:
            yield "schedule", "background tasks"
        owner = function.value
        if function.attr == "time" and isinstance(owner, ast.Call) and self._name(owner.func) in _LOOPS:
            yield "clock", "the event loop's time"

    def _variable(self, key: ast.expr | None) -> Iterator[Found]:
        """The environment variable that is looked up: any, where no text and no plain variable tells its name."""
        name = key.value if isinstance(key, ast.Constant) else None
        if isinstance(key, ast.Name):
            name = self._namespace.get(key.id)
        yield ("environment variable", name) if type(name) is str else ("environment copy", _ENVIRONMENT)

    def _whole(self, node: ast.Attribute | ast.Name) -> Iterator[Found]:
        """What is passed on as it is: the environment to be copied, ``id`` to be called by somebody else."""
        if isinstance(node, ast.Attribute) and node.attr in _TIMES:
            yield "file time", node.attr
        elif isinstance(node.ctx, ast.Load) and node not in self._accounted:
            name = self._name(node)
            if name == _ENVIRONMENT:
                yield "environment copy", name
            elif name == "id":
                yield "address order", name

    def _is_environment(self, node: ast.expr) -> bool:
        if self._name(node) != _ENVIRONMENT:
            return False
        self._accounted.add(node)
        return True

    def _name(self, node: ast.expr) -> str | None:
        """The dotted name of what a name, or attributes of one, stand for."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        root = self._imported.get(node.id)
        if root is None and node.id in self._namespace:
            root = _real_name(self._namespace[node.id])
        elif root is None and node.id == "id":
            root = "id"
        return None if root is None else ".".join((root, *attributes))


def _says_now(node: ast.Call) -> bool:
    return bool(node.args) and getattr(node.args[0], "value", None) in ("now", "today")


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        pass
    if source.startswith("%%"):
        source = source.partition("\n")[2]
    plain = _MAGIC_VALUE.sub("= None", _MAGIC_LINE.sub(r"\1pass", source))
    try:
        return ast.parse(plain)
    except (SyntaxError, ValueError):
        return None


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _real_name(value: Any) -> str | None:
    """The dotted name of a module, class or function; of exact types, so that no code of the user's is asked."""
    kind = type(value)
    if kind is ModuleType:
        return _REAL_NAMES.get(value.__name__, str(value.__name__))
    if value is os.environ:
        return _ENVIRONMENT
    if kind is BuiltinFunctionType or kind is FunctionType:
        name = f"{value.__module__}.{value.__name__}"
    elif kind is type:
        name = f"{value.__module__}.{value.__qualname__}"
    elif kind is MethodType and type(value.__self__).__module__ == "random":
        name = f"secrets.{value.__name__}" if type(value.__self__).__name__ == "SystemRandom" else ""
    else:
        return None
    module, _, last = name.rpartition(".")
    return last if module == "builtins" else f"{_REAL_NAMES.get(module, module)}.{last}"
