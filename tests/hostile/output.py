"""Output and descriptors."""

from hostile.entry import ANY, Behaviour

OUTPUT = (
    Behaviour(
        "flood_stdout",
        "ok",
        "100 MB are read, counted and dropped",
        "import os\nfor _ in range(100): os.write(1, b'x' * 1_000_000)",
    ),
    Behaviour(
        "flood_both",
        "ok",
        "both streams at once",
        "import sys\nfor _ in range(300):\n    print('y' * 10_000)\n    sys.stderr.write('z' * 10_000)",
    ),
    Behaviour(
        "endless_print", "timed-out", "never stops", "while True: print('all work and no play')"
    ),
    Behaviour(
        "endless_in_thread",
        "ok",
        "a daemon thread goes on when the parse has ended",
        """
        import os, threading
        def talk():
            while True: os.write(1, b"blah\\n" * 100)
        threading.Thread(target=talk, daemon=True).start()
        """,
    ),
    Behaviour(
        "bytes_no_text",
        "ok",
        "no UTF-8, NULs, all byte values",
        "import os\nos.write(1, bytes(range(256)) * 50); os.write(2, b'\\xff\\xfe\\x00\\xc3' * 50)",
    ),
    Behaviour(
        "terminal_escapes",
        "ok",
        "clears screens, sets titles, asks for answers",
        r"""
        import sys
        text = "\x1b[2J\x1b]0;title\x07\x1b[6n\x1bP+q544e\x1b\\\x9b31m\r\b\b\x1b[?1049h"
        print(text); print(text, file=sys.stderr)
        """,
    ),
    Behaviour(
        "ci_commands_printed",
        "ok",
        "commands of three systems in the output",
        """
        import sys
        for stream in (sys.stdout, sys.stderr):
            print("::error file=a.py::x", "\\n::add-mask::a", "\\n##vso[task.complete result=Failed]",
                  "\\n##[group]x", "\\n\\x1b[0Ksection_start:1:x[collapsed=true]\\r", file=stream)
        """,
    ),
    Behaviour(
        "surrogate_printed",
        "import-error",
        "UnicodeEncodeError",
        "print('\\udcff')",
        airflow2="import-error|ok",  # with the C locale, Python prints it
    ),
    Behaviour(
        "password_words",
        "ok",
        "32,000 characters that look like the start of a secret again and again",
        "print('-pwd' * 8000); print('password=' * 3000); print('://' + ':@' * 10_000)",
    ),
    Behaviour("close_output", "ok", "closes 1 and 2", "import os; os.close(1); os.close(2)"),
    Behaviour(
        "close_input",
        "lost",
        "descriptor 0 carries Airflow 3's result",
        "import os; os.close(0)",
        airflow2="ok",
        spawn="lost|ok",
    ),
    Behaviour(
        "close_others", "ok", "closes what it does not know", "import os; os.closerange(3, 4096)"
    ),
    Behaviour(
        "close_all",
        "lost",
        "0 too",
        "import os; os.closerange(0, 4096)",
        airflow2="ok",
        spawn="lost|ok",
    ),
    Behaviour(
        "stdout_none", "ok", "as under pythonw", "import sys; sys.stdout = sys.stderr = None"
    ),
    Behaviour(
        "stdout_object",
        "ok|import-error",
        "an object that cannot be flushed or written to; Airflow may log something while it parses",
        "import sys; sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = object()",
    ),
    Behaviour(
        "stdout_raises",
        "ok",
        "flush and write raise what no one expects",
        """
        import sys
        class Stream:
            def write(self, text): raise SystemExit(3)
            def flush(self): raise KeyboardInterrupt
        sys.stdout = Stream()
        """,
    ),
    Behaviour(
        "stdout_hangs",
        "timed-out",
        "both flush before they end; 2 has stored its DAGs by then",
        """
        import sys, time
        class Stream:
            def write(self, text): return len(text)
            def flush(self): time.sleep(600)
        sys.stdout = Stream()
        """,
        airflow2="timed-out|ok",
    ),
    Behaviour("stdout_closed", "ok", "closes the object", "import sys; sys.stdout.close()"),
    Behaviour("stdout_detached", "ok", "takes the buffer away", "import sys; sys.stdout.detach()"),
    Behaviour(
        "full_device",
        "ok|import-error",
        "stdout is a full disk",
        """
        import os
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
        print("lost")
        """,
    ),
    Behaviour(
        "null_everywhere",
        "ok",
        "puts another file on every descriptor",
        """
        import os
        null = os.open(os.devnull, os.O_RDWR)
        for number in range(3, 64):
            if number != null: os.dup2(null, number)
        """,
    ),
    Behaviour(
        "pipe_everywhere",
        "ok",
        "puts a pipe that nobody reads on every descriptor",
        """
        import os
        read, write = os.pipe()
        for number in range(3, 64):
            if number not in (read, write): os.dup2(write, number)
        """,
    ),
    Behaviour(
        "nonblocking_stdout",
        "ok|import-error",
        "BlockingIOError where the reader is slower",
        """
        import fcntl, os
        for number in (1, 2):
            fcntl.fcntl(number, fcntl.F_SETFL, os.O_NONBLOCK)
        print("x" * 5_000_000)
        """,
    ),
    Behaviour(
        "nonblocking_all",
        "ok",
        "the pipe of the result no longer waits for its reader",
        """
        import fcntl, os
        for number in range(3, 64):
            try: fcntl.fcntl(number, fcntl.F_SETFL, os.O_NONBLOCK)
            except OSError: pass
        """,
    ),
    Behaviour(
        "small_pipes",
        "ok",
        "pipes of one page",
        """
        import fcntl
        for number in range(64):
            try: fcntl.fcntl(number, 1031, 4096)
            except OSError: pass
        """,
    ),
    Behaviour(
        "read_all",
        "ok|timed-out|import-error",
        "reads from every descriptor what others are to read",
        """
        import fcntl, os
        for number in range(64):
            try:
                fcntl.fcntl(number, fcntl.F_SETFL, os.O_NONBLOCK)
                os.read(number, 1 << 20)
            except OSError: pass
        """,
    ),
    Behaviour(
        "garbage_everywhere",
        ANY,
        "writes into every descriptor",
        """
        import os
        for number in range(3, 64):
            try: os.write(number, b"\\x00\\xff{}\\n" * 200)
            except OSError: pass
        """,
    ),
    Behaviour(
        "input_at_top",
        "import-error",
        "UnsupportedOperation in 3, EOFError in 2",
        "input('Your password: ')",
    ),
    Behaviour("debugger", "import-error", "pdb finds no input", "breakpoint()"),
    Behaviour(
        "getpass_at_top",
        "import-error",
        "no terminal and no input",
        "import getpass, warnings; warnings.simplefilter('ignore'); getpass.getpass()",
    ),
    Behaviour(
        "curses_screen",
        "ok|import-error|exited",
        "without a terminal the C library ends the process, if TERM has no entry",
        "import curses; curses.initscr()",
    ),
    Behaviour(
        "own_terminal",
        "ok",
        "opens a terminal of its own and makes it the standard streams",
        """
        import os, pty
        ours, theirs = pty.openpty()
        os.dup2(theirs, 1); os.dup2(theirs, 2)
        print("to nobody")
        """,
    ),
    Behaviour(
        "logging_torn_down",
        "ok",
        "handlers removed, levels off, everything shut down",
        """
        import logging
        logging.shutdown(); logging.disable(logging.CRITICAL)
        logging.root.handlers.clear(); logging.Logger.manager.loggerDict.clear()
        logging.raiseExceptions = True; logging.lastResort = None
        """,
    ),
    Behaviour(
        "log_handler_raises",
        "ok",
        "a handler that raises for every record",
        """
        import logging
        class Handler(logging.Handler):
            def emit(self, record): raise RuntimeError("handler")
        logging.root.addHandler(Handler()); logging.root.setLevel(1)
        """,
        airflow2="ok|import-error",
    ),
    Behaviour(
        "many_log_lines",
        "ok",
        "20,000 records",
        "import logging\nfor number in range(20_000): logging.warning('line %d', number)",
    ),
    Behaviour(
        "many_warnings",
        "ok",
        "5,000 different warnings",
        """
        import warnings
        warnings.simplefilter("always")
        for number in range(5000): warnings.warn(f"warning {number}\\n::error::x \\x1b[2J")
        """,
    ),
    Behaviour(
        "huge_warning",
        "ok",
        "one warning of 5 MB",
        "import warnings; warnings.warn('w' * 5_000_000 + '<script>')",
        airflow2="ok|timed-out",  # Airflow 2.11 needs minutes to log it
    ),
    Behaviour(
        "odd_warning",
        "ok|import-error",
        "a category with an odd name, whose text cannot be made",
        """
        import warnings
        Odd = type("<b>\\n::error::", (UserWarning,), {"__str__": lambda self: 1 / 0})
        warnings.warn(Odd("text"))
        """,
        airflow2="ok|import-error|no-dags",
    ),
    Behaviour(
        "showwarning_exits",
        "ok|exited",
        "called where warnings are shown, not where they are recorded",
        "import os, warnings; warnings.showwarning = lambda *facts: os._exit(3)\nwarnings.warn('x')",
    ),
)
