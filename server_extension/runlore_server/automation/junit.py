"""Verifications as JUnit's XML, which CI servers show as tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from runlore_server.automation.verification import NOT_REPRODUCED, Verification
from runlore_server.verdict.told import rests_on

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot carry in any form."""


def junit(found: Sequence[Verification]) -> bytes:
    """One suite with a test for each run: a failure where it is not as asked, an error where nothing is proved."""
    codes = [one.exit_code for one in found]
    failures, errors = codes.count(NOT_REPRODUCED), len([code for code in codes if code > NOT_REPRODUCED])
    counts = {
        "tests": str(len(found)),
        "failures": str(failures),
        "errors": str(errors),
        "time": f"{sum(one.seconds for one in found):.3f}",
    }
    suites = Element("testsuites", counts)
    suite = SubElement(suites, "testsuite", {"name": "runlore verify", **counts, "skipped": "0"})
    for one, code in zip(found, codes, strict=True):
        named = {
            "classname": f"runlore.{one.experiment or 'runs'}",
            "name": one.title,
            "time": f"{one.seconds:.3f}",
        }
        case = SubElement(suite, "testcase", {key: _clean(value) for key, value in named.items()})
        if code:
            tag = "failure" if code == NOT_REPRODUCED else "error"
            SubElement(case, tag, {"type": one.word, "message": _clean(one.told)}).text = _clean(_details(one))
        SubElement(case, "system-out").text = _clean(f"{one.word}\n{_details(one)}")
    indent(suites)
    text: bytes = tostring(suites, "utf-8", xml_declaration=True)
    return text + b"\n"


def _details(one: Verification) -> str:
    lines = [one.told]
    if one.verdict is not None:
        lines += [f"- {cause}" for cause in one.verdict.causes] + rests_on(one.verdict)
    if one.judgement is not None:
        lines += [f"{'met' if f.met else 'NOT MET'}: {f.criterion} ({f.told})" for f in one.judgement.findings]
    return "\n".join(lines)


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
