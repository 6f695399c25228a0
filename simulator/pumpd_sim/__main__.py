"""`python -m pumpd_sim` is `pumpd-sim`."""

from __future__ import annotations

import sys

from pumpd_sim.cli import main

sys.exit(main())
