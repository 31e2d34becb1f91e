"""What a kernel's callbacks around its cells take, asked for silently: no cell and no count shows it."""

START = """
exec('''
import time
def watch(events):
    trigger, spent = events.trigger, []
    def timed(event, *arguments, **named):
        if event not in ("pre_run_cell", "post_run_cell"):
            return trigger(event, *arguments, **named)
        start, used = time.perf_counter(), time.thread_time()
        try:
            return trigger(event, *arguments, **named)
        finally:
            used = time.thread_time() - used
            spent.append((event, time.perf_counter() - start, used))
    events.trigger, events._spent = timed, spent
watch(get_ipython().events)
''', {"get_ipython": get_ipython})
"""
"""Code that a kernel executes silently, once."""

TAKE = "(get_ipython().events._spent[:], get_ipython().events._spent.clear())[0]"
"""An expression: for each callback since the last time its event (``pre_run_cell``, ``post_run_cell``), seconds
by the clock, and those of the processor in the thread that runs the cells."""
