"""``python -m studentsim doctor``: looks at what the program needs and has, and says what to do.

A check is one file in ``checks/``: the constants ``TITLE`` and ``ORDER``, ``check(context)``, which yields findings and changes nothing,
and where something can be mended safely ``fix(context)``, which yields what it did, in words. No other file names it.
"""
