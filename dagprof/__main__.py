"""``python -m dagprof``, and the command ``dagprof``."""

import signal

# While dagprof loads its modules, Ctrl-C ends it without a traceback. Nothing has started by then.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from dagprof.cli import run

if __name__ == "__main__":
    run()
