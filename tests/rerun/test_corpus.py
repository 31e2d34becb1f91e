"""The quick part of the corpus: what Runlore says of each of these cases is what is true of it."""

from __future__ import annotations

import pytest

from tests.corpus.case import Case, read_cases
from tests.corpus.playing import play

QUICK = [case for case in read_cases() if case.ci]


def test_the_corpus_is_as_large_as_it_says() -> None:
    names = [case.name for case in read_cases()]
    assert len(names) >= 45
    assert {name.split("/")[0] for name in names} >= {"random", "session", "data", "modules", "order", "world"}


@pytest.mark.parametrize("case", QUICK, ids=[case.name for case in QUICK])
def test_the_verdict_is_the_true_one(case: Case) -> None:
    if case.lacking:
        pytest.skip(f"without {', '.join(case.lacking)}")
    played = play(case, plain=False)
    assert played.met, played
