"""Which data a cell read and wrote, and what each file's content was at that moment.

Four watchers see the opening of files: an audit hook (what Python itself opens), the kernel's notices about
directories (libraries that open files themselves, other processes), a spool that forked workers append to, and
fsspec's own ``open``. Content is hashed in the background and only counts when the file did not change meanwhile.
"""
