"""``python -m anaphora``: the same as the ``anaphora`` command."""

from __future__ import annotations

import sys

from anaphora.cli import main

sys.exit(main())
