"""What is watched of the user's code, cell by cell: its modules, outputs, variables, what cannot be repeated.

The watchers are imported when a session begins, so that ``import runlore`` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runlore.capture.outputs import OutputCapture
    from runlore.session import CellCapture, Session


def code_captures(session: Session) -> list[CellCapture]:
    """Those that every session has, a script's too."""
    from runlore.capture.modules import ModuleCapture
    from runlore.capture.uncontrolled import UncontrolledCapture

    uncontrolled = UncontrolledCapture(session)
    captures: list[CellCapture] = [ModuleCapture(session, uncontrolled.module_loaded), uncontrolled]
    if session.plan is not None:
        from runlore.recorded_modules import RecordedModules

        captures.append(RecordedModules(session, session.plan.modules))
        if session.plan.helper and session.plan.reseed is None:
            from runlore.capture.clocks import ClockCapture

            captures.append(ClockCapture(session))
    return captures


def shell_captures(session: Session, shell: InteractiveShell) -> tuple[OutputCapture, list[CellCapture]]:
    """Those that need a shell: that of outputs, and those that come after it."""
    from runlore.capture.machinery import Machinery
    from runlore.capture.outputs import OutputCapture
    from runlore.capture.variables import VariableCapture
    from runlore.later import LaterWriter

    writer = LaterWriter(session)
    return OutputCapture(session, shell, writer), [VariableCapture(session, shell, writer), Machinery(), writer]


def import_watchers() -> None:
    """Import all of them, where there is time for it before a session that replays begins."""
    import runlore.capture.calls
    import runlore.capture.data.data
    import runlore.capture.machinery
    import runlore.capture.modules
    import runlore.capture.outputs
    import runlore.capture.uncontrolled
    import runlore.capture.variables
    import runlore.later
    import runlore.recorded_modules  # noqa: F401
