"""The test process: a program that runs in the user's interpreter, and owns every process of a test run.

It imports nothing but the standard library and pytest, in Python 3.8 syntax,
and is started by path: `python .../zygote/main.py`. trm_lsp imports nothing of it
but the protocol number.
"""

PROTOCOL = 1
