"""What the analysis knows of libraries and builtins. Whatever is not listed may do anything with what it is
given."""

from __future__ import annotations

import re
import sys

_ARRAYS = frozenset({"numpy", "pandas", "math", "cmath", "statistics", "scipy", "polars", "random", "operator"})
"""Libraries whose functions return plain data."""

WORD = re.compile(r"[A-Za-z_]\w*")
"""Something in a text that may be the name of a variable."""

KNOWN = _ARRAYS | {
    "sklearn", "torch", "torchvision", "matplotlib", "seaborn", "xgboost", "lightgbm", "catboost",
    "statsmodels", "tqdm", "PIL", "cv2", "skimage", "plotly", "joblib", "tensorflow", "keras", "jax",
    "transformers", "datasets", "networkx", "nltk", "requests", "yaml", "pyarrow", "h5py", "einops",
    "torchmetrics", "imblearn", "shap", "category_encoders", "missingno", "altair", "bokeh", "numba", "sympy",
    "IPython", "runlore", "omegaconf", "mlxtend",
}  # fmt: skip
"""Libraries outside the standard one that change nothing global except where ``changes_the_process`` says so."""

_UNKNOWN_STDLIB = frozenset({"__main__", "this", "antigravity", "idlelib", "code", "pdb", "runpy"})

_EFFECTS = re.compile(
    r"^_*(set|set[a-z]+|getcontext|localcontext|seed|manual_seed|use|register|enable|disable|init|initialize|config|configure|patch|install|uninstall"
    r"|autolog|activate|deactivate|start|stop|login|option_context|basicConfig|filterwarnings|simplefilter|seterr"
    r"|chdir|putenv|unsetenv|download|reset|clear|pandas|push|connect|mount|update_default|setlocale|prefer"
    r"|deterministic|fork|exit|abort|kill|system|popen|spawn\w*|exec\w+|add_\w+|inject|switch_backend|rcdefaults"
    r"|rc|rc_file|reload|sys\w*hook|settrace|setprofile|set_\w+|setrecursionlimit|init_\w+|use_\w+|register_\w+"
    r"|enable_\w+|disable_\w+|reset_\w+|configure_\w+|seed_\w+|manual_seed\w*|\w+_seed)$"
)
_EFFECT_MODULES = frozenset({
    "warnings", "logging", "sys", "subprocess", "threading", "multiprocessing", "signal", "atexit", "ctypes",
    "gc", "locale", "faulthandler", "importlib", "inspect", "asyncio", "concurrent", "socket", "builtins",
    "tracemalloc", "IPython", "_thread", "queue", "sched", "site", "unittest", "contextvars", "code", "codecs",
    "resource", "nest_asyncio", "tempfile", "webbrowser", "getpass", "cgitb", "readline", "weakref",
})  # fmt: skip
HARMLESS = frozenset({
    "sys.version", "sys.version_info", "sys.platform", "sys.getsizeof", "sys.executable", "sys.maxsize",
    "sys.argv", "gc.collect", "torch.cuda.empty_cache", "torch.cuda.is_available", "torch.cuda.device_count",
    "IPython.display.display", "IPython.display.clear_output", "IPython.display.Image", "IPython.display.HTML",
    "IPython.display.Markdown", "multiprocessing.cpu_count", "random.getstate", "torch.tensor",
    "tqdm.auto.tqdm", "numpy.setdiff1d", "numpy.setxor1d", "statistics.stdev", "collections.Counter", "set",
    "unittest.mock", "torch.cuda.synchronize", "plotly.express.scatter",
})  # fmt: skip

OUTPUT_ROOTS = (
    "matplotlib.pyplot.",
    "seaborn.",
    "IPython.display.",
    "plotly.",
    "missingno.",
    "builtins.",
    "time.",
    "runlore.",
)
"""Calls of these for their effect alone show something, and leave nothing behind for a later cell."""

MUTATORS = re.compile(
    r"^(numpy\.random\.shuffle|numpy\.(put|place|copyto|putmask|fill_diagonal|put_along_axis)|random\.shuffle"
    r"|heapq\..*|bisect\.insort.*|torch\.nn\.(init|utils)\..*|torch\.(autograd\.)?backward|operator\.(i\w+|setitem|delitem)"
    r"|.*\.clip_grad\w*|.*\w_|numpy\.\w+\.at|copyreg\..*|.*\.inplace\w*)$"
)
"""Functions that change their arguments."""

_OBJECT_FACTORIES = re.compile(r"\.(optim|nn|models|pipeline|compose|amp|cuda|utils|tracker)\.")
_DATA_CLASSES = frozenset({
    "DataFrame", "Series", "Index", "MultiIndex", "Timestamp", "Timedelta", "Path", "PurePath", "Fraction",
    "Decimal", "Counter", "OrderedDict", "FloatTensor", "LongTensor", "Tensor", "SimpleNamespace", "Bunch",
    "Categorical", "DatetimeIndex", "LazyFrame", "TensorDataset", "KFold", "StratifiedKFold",
})  # fmt: skip

LAZY = frozenset({"zip", "map", "filter", "enumerate", "reversed", "iter"})
"""Builtins whose result is used up by looking at it."""

SCALAR_BUILTINS = frozenset({
    "len", "int", "float", "str", "repr", "bool", "hash", "id", "isinstance", "issubclass", "print", "ord",
    "chr", "format", "hex", "oct", "bin", "ascii", "hasattr", "callable", "any", "all", "complex", "bytes",
    "range", "input", "dir", "round",
})  # fmt: skip
"""Builtins whose result holds nothing of their arguments."""

PURE_BUILTINS = SCALAR_BUILTINS | LAZY | {
    "abs", "sum", "min", "max", "sorted", "list", "tuple", "set", "frozenset", "dict", "bytearray", "divmod",
    "pow", "slice", "type", "getattr", "object", "property", "staticmethod", "classmethod", "memoryview",
    "display",
}  # fmt: skip

NAMESPACE_BUILTINS = frozenset({
    "exec", "eval", "globals", "locals", "get_ipython", "compile", "__import__", "breakpoint", "help", "exit",
    "quit",
})  # fmt: skip
"""Builtins that can reach every variable."""

NAMESPACE_FUNCTIONS = re.compile(
    r"^(inspect\.(currentframe|stack|getouterframes)|sys\.(_getframe|modules|last_\w+|exc_info|exception|_current_\w+)|__main__\b.*)"
)

PURE_METHODS = frozenset({
    # text
    "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "join", "lower", "upper", "title",
    "capitalize", "startswith", "endswith", "replace", "format", "zfill", "ljust", "rjust", "center", "encode",
    "decode", "isdigit", "isalpha", "find", "removeprefix", "removesuffix",
    # containers
    "keys", "values", "items", "get", "index", "count", "copy", "union", "intersection", "difference",
    "issubset", "most_common",
    # arrays, tables, tensors
    "head", "tail", "sample", "describe", "info", "mean", "sum", "std", "var", "min", "max", "median", "mode",
    "quantile", "corr", "cov", "value_counts", "nunique", "unique", "isna", "isnull", "notna", "notnull",
    "abs", "round", "argmax", "argmin", "argsort", "cumsum", "cumprod", "prod", "all", "any", "astype",
    "reshape", "ravel", "flatten", "transpose", "squeeze", "unsqueeze", "dot", "matmul", "tolist", "item",
    "numpy", "detach", "clone", "view", "permute", "contiguous", "size", "dim", "numel", "norm", "softmax",
    "log_softmax", "exp", "log", "sqrt", "pow", "clip", "clamp", "nonzero", "eq", "ne", "lt", "le", "gt", "ge",
    "isin", "between", "groupby", "agg", "aggregate", "merge", "assign", "drop", "dropna", "fillna",
    "drop_duplicates", "duplicated", "rename", "reset_index", "set_index", "sort_values", "sort_index",
    "pivot", "pivot_table", "melt", "stack", "unstack", "apply", "map", "applymap", "transform", "rolling",
    "resample", "shift", "diff", "pct_change", "to_numpy", "to_frame", "to_dict", "to_list", "to_string",
    "nlargest", "nsmallest", "select_dtypes", "filter", "iterrows", "itertuples", "memory_usage",
    "with_columns", "select", "sort", "collect", "len", "skew", "kurt", "idxmax", "idxmin", "cut", "first",
    "last", "date", "strftime", "isoformat", "total_seconds", "timestamp", "plot", "hist", "boxplot", "float",
    "long", "double", "int", "bool", "t", "mm", "rank", "explode", "combine_first", "concat", "repeat",
    "swapaxes", "conj", "trace", "expand", "gather", "flip", "get_dummies", "query",
    # estimators and modules, looked at
    "predict", "predict_proba", "decision_function", "score", "get_params", "parameters", "named_parameters",
    "state_dict", "modules", "children", "get_feature_names_out", "inverse_transform", "get_n_splits",
    "summary", "element_size", "exists", "is_file", "is_dir", "joinpath", "with_suffix", "resolve",
})  # fmt: skip
"""Methods that in no known library change their object; a class of the session may use these names for others."""

SCALAR_METHODS = frozenset({
    "item", "nunique", "count", "startswith", "endswith", "strftime", "total_seconds", "timestamp", "exists",
    "is_file", "is_dir", "numel", "dim", "isdigit", "isalpha", "index", "find", "score", "info", "isoformat",
    "memory_usage",
})  # fmt: skip
"""Of these, methods whose result holds nothing of the object."""

CHANGING_SOME_OBJECTS = frozenset({
    "get", "float", "double", "long", "int", "bool", "apply", "map", "filter", "first", "last", "collect",
    "index", "count", "join", "sample", "transform", "select", "items", "format", "plot", "hist", "boxplot",
})  # fmt: skip
"""Methods that leave data alone, but not every object of a library: a queue, a module, a pool."""

PLOTTING = frozenset({"plot", "hist", "boxplot"})
"""Methods that draw into the current figure, or the one that they belong to."""

ARGUMENT_CHANGING_SORTS = frozenset({"sort"})
"""Changes a list and an array, but not a polars table: what it is depends on what is done with its result."""

OBJECT_METHODS = frozenset({
    "fit", "partial_fit", "fit_transform", "fit_predict", "backward", "step", "zero_grad", "train", "eval",
    "to", "cuda", "cpu", "half", "load_state_dict", "fit_resample", "append", "extend", "add", "insert",
    "update", "setdefault", "appendleft", "discard", "pop", "remove", "clear", "popitem", "reverse", "popleft",
    "close", "flush", "refresh", "set_postfix", "set_description",
})  # fmt: skip
"""Methods of library objects that change the object and what it works on, but no data given to them."""

CHANGING_METHODS = OBJECT_METHODS | {
    "sort", "extendleft", "rotate", "intersection_update", "difference_update", "symmetric_difference_update",
    "fill", "put", "resize", "itemset", "partition", "setfield", "move_to_end", "subtract", "write", "writelines",
    "send", "throw", "__setitem__", "__delitem__", "__setattr__", "__delattr__", "__iadd__", "__ior__", "__init__",
    "add_", "sub_", "mul_", "div_", "zero_", "fill_", "copy_", "clamp_", "normal_", "uniform_",
    "__next__", "__setstate__", "eval", "requires_grad_", "fromkeys", "read", "readline", "seek", "random",
}  # fmt: skip
"""Methods that change their object, for code that hands them on instead of calling them."""

FRAME_ATTRIBUTES = frozenset({
    "__globals__", "__builtins__", "f_globals", "f_locals", "f_back", "tb_frame", "gi_frame", "cr_frame",
    "ag_frame", "user_ns", "user_global_ns",
})  # fmt: skip
"""Attributes that lead to every variable."""

IN_PLACE_LAYERS = frozenset({
    "ReLU", "ReLU6", "LeakyReLU", "RReLU", "ELU", "SELU", "CELU", "SiLU", "Mish", "Hardtanh", "Hardswish",
    "Hardsigmoid", "Threshold", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout",
    "FeatureAlphaDropout",
})  # fmt: skip
"""Layers of torch that can be told to change what they are called with."""

SHELL_HOOKS = frozenset({
    "events", "ast_transformers", "input_transformers_cleanup", "input_transformers_post", "display_formatter",
    "set_custom_exc", "set_hook", "register_magics", "register_magic_function", "extension_manager", "call_later",
    "add_done_callback", "add_callback",
})  # fmt: skip
"""Attributes by which code gets to run at other times than it is called."""

_LOOSE = frozenset({"threading", "_thread", "asyncio", "concurrent", "signal", "weakref", "sched", "gc", "sys"})


def runs_later(path: str) -> bool:
    """Whether a function given to ``path`` may be called while later cells run."""
    return path.split(".", maxsplit=1)[0] in _LOOSE and path not in HARMLESS


SCALAR_ATTRIBUTES = frozenset({"shape", "ndim", "size", "dtype", "dtypes", "nbytes", "device", "name", "__name__"})

WRITERS = re.compile(
    r"^(to_(csv|parquet|pickle|excel|json|feather|hdf|sql|netcdf|file|disk|stata|latex|html|markdown)|savefig|save\w*"
    r"|dump|write\w*|imwrite|imsave|tofile|makedirs|mkdir|copy2|copyfile|copytree|move|unlink|remove|rmtree|rmdir|touch|rename"
    r"|replace_file|urlretrieve|extractall|extract|unpack_archive|make_archive|symlink\w*|link|export\w*|sink_\w+"
    r"|log_artifact|save_pretrained|push_to_hub|truncate|execute|executemany|commit|download\w*|persist)$"
)
"""Functions and methods that write files, by name."""

PROBES = frozenset({
    "exists", "isfile", "isdir", "is_file", "is_dir", "listdir", "scandir", "glob", "rglob", "iglob", "walk",
    "iterdir", "stat", "getsize", "getmtime", "lexists", "ImageFolder", "read_csvs",
})  # fmt: skip
"""Functions and methods that look at which files there are."""

FRAME_READERS = frozenset(
    {"query", "eval", "sql", "sqldf", "evaluate", "execute", "timeit", "repeat_", "from_formula"}
)
"""Functions and methods that look up variables of the caller by the names in a text."""

_FORMULAS = ("statsmodels.formula", "duckdb.", "patsy.", "polars.sql", "numexpr.")

TRANSPARENT_DECORATORS = frozenset({
    "torch.no_grad", "torch.inference_mode", "functools.lru_cache", "functools.cache", "numba.njit",
    "numba.jit", "torch.enable_grad", "dataclasses.dataclass", "builtins.staticmethod", "builtins.property",
})  # fmt: skip


def is_known(module: str) -> bool:
    """Whether importing and using the module changes nothing but what ``changes_the_process`` says."""
    root = module.split(".", maxsplit=1)[0]
    return (root in KNOWN or root in sys.stdlib_module_names) and root not in _UNKNOWN_STDLIB


def changes_the_process(path: str) -> bool:
    """Whether calling ``path`` (a dotted name) may change the state of the process outside every variable."""
    if path in HARMLESS or path.startswith("builtins."):
        return False
    if ".rcParams." in path or path.startswith("pandas.options."):
        return True
    root, last = path.split(".", maxsplit=1)[0], path.rsplit(".", maxsplit=1)[-1]
    if root in _EFFECT_MODULES:
        return True
    if root == "os" and not path.startswith("os.path."):
        return last not in {
            "getcwd",
            "listdir",
            "getenv",
            "cpu_count",
            "urandom",
            "getpid",
            "fspath",
            "walk",
            "scandir",
            "stat",
        }
    if root == "time" or path.startswith("datetime."):
        return False
    return _EFFECTS.match(last) is not None or path.endswith(("set_theme", ".set"))


def names_an_effect(name: str) -> bool:
    """Whether a method of this name, on something unknown, may change the state of the process."""
    return _EFFECTS.match(name) is not None and name not in {
        "set",
        "init",
        "reset",
        "start",
        "stop",
        "clear",
        "update",
    }


def reads_the_caller(path: str) -> bool:
    """Whether a library's function looks up the caller's variables by name."""
    return path.startswith(_FORMULAS) or path.rsplit(".", maxsplit=1)[-1] in FRAME_READERS


def makes_object(path: str) -> bool:
    """Whether the result of calling ``path`` may hold a state of its own that its methods change."""
    last = path.rsplit(".", maxsplit=1)[-1]
    if last in _DATA_CLASSES:
        return False
    if last[:1].isupper() or _OBJECT_FACTORIES.search(path):
        return True
    return path.split(".", maxsplit=1)[0] not in _ARRAYS | {
        "torch",
        "sklearn",
        "builtins",
        "copy",
        "json",
        "re",
        "itertools",
        "datetime",
        "time",
    }


def makes_iterator(path: str, keywords: list[str | None]) -> bool:
    """Whether the result of calling ``path`` is used up by looking at it, or changes when it is looked at."""
    root, last = path.split(".", maxsplit=1)[0], path.rsplit(".", maxsplit=1)[-1]
    return (
        root in {"itertools", "csv", "functools", "weakref", "contextlib", "io", "sqlite3", "tqdm"}
        or last
        in {"defaultdict", "open", "scandir", "iterdir", "iglob", "finditer", "nditer", "ndenumerate", "walk"}
        or path in {"types.SimpleNamespace", "collections.ChainMap", "operator.methodcaller"}
        or "chunksize" in keywords
        or "iterator" in keywords
        or (root == "builtins" and last in LAZY)
    )
