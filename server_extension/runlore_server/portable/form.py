"""In which forms a run can be exported."""

from typing import Literal

Form = Literal["notebook", "script", "airflow"]
