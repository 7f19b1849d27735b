"""``python -m dagprof``."""

import sys

from dagprof.cli import main

sys.exit(main())
