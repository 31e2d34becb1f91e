"""Steps as a DAG of Airflow, whose tasks execute notebooks with papermill."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from runlore_server.portable.pipeline import Step

_HEAD = '''\
"""Recorded runs as tasks of Airflow; needs apache-airflow-providers-papermill. The notebooks lie beside it."""

from datetime import datetime, timezone
from pathlib import Path

from airflow.providers.papermill.operators.papermill import PapermillOperator

try:
    from airflow.sdk import DAG
except ImportError:  # before Airflow 3
    from airflow import DAG

HERE = Path(__file__).parent

with DAG(
    dag_id={dag_id!r},
    schedule=None,
    start_date=datetime({date}, tzinfo=timezone.utc),
    catchup=False,
    tags=["runlore"],
) as dag:
    tasks = {{}}
'''

_TASK = """\
    tasks[{name!r}] = PapermillOperator(
        task_id={name!r},
        input_nb=str(HERE / {notebook!r}),
        output_nb=str(HERE / {output!r}),
        parameters={parameters!r},
        kernel_name={kernel!r},
    )
"""


def dag(dag_id: str, steps: Sequence[Step], given: Sequence[Mapping[str, Any]]) -> str:
    """The file of a DAG; the same steps give the same text.

    Args:
        dag_id: its name.
        steps: the tasks; the notebook of each is ``FILE.ipynb`` beside the file.
        given: of each step, variable to value.
    """
    date = time.strftime("%Y, %m, %d", time.gmtime(min(step.run.started for step in steps))).replace(" 0", " ")
    parts = [_HEAD.format(dag_id=dag_id, date=date)]
    for step, values in zip(steps, given, strict=True):
        parts.append(
            _TASK.format(
                name=step.name,
                notebook=f"{step.file}.ipynb",
                output=f"{step.name}-{{{{ ts_nodash }}}}.ipynb",
                parameters={name: _as_it_is(value) for name, value in sorted(values.items())},
                kernel="python3",
            )
        )
    edges = [f"    tasks[{before!r}] >> tasks[{step.name!r}]\n" for step in steps for before in step.after]
    return "".join([*parts, *(["\n"] if edges else []), *edges])


def _as_it_is(value: Any) -> Any:
    """The value such that Airflow, which takes all texts for templates of Jinja, makes this value of it."""
    if isinstance(value, str):
        return f"{{{{ {value!a} }}}}" if "{" in value else value
    if isinstance(value, dict):
        return {key: _as_it_is(item) for key, item in value.items()}
    return type(value)(map(_as_it_is, value)) if isinstance(value, (list, tuple)) else value
