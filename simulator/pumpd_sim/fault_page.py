"""`pumpd-sim faults`, and the page docs/faults.md: the table of faults as people read it.

`pumpd-sim faults --markdown` prints what stands on the page; a test holds the page to it.
"""

from __future__ import annotations

import argparse
import sys

from pumpd_sim.fault_table import FAULTS
from pumpd_sim.pump_faults import who_can

PAGE = """# Faults

What can go wrong with a simulated pump, by name. The same names and fields serve in Python (`Fault`), over HTTP
(`POST /faults`), on the command line (`pumpd-sim serve --fault mute,for_s=5,after_s=10`) and in scenarios (`fault =
"mute"`). Chance comes from the seed.

Every fault may wait for its trigger: `after_ms` (or `after_s`) of the pumps' time, `after_frames` frames or
`after_bytes` bytes on the wire, in the fault's direction. A frame is what the host wrote in one go, or one frame of a
pump. Times may be given in seconds (`for_s`, `by_s`, `after_s`), volumes in `volume_ml`, rates in `rate_ml_per_h`.
Figures in brackets are taken where nothing is said. A pump that cannot have a fault refuses it and names those that
can.

This page is generated: `pumpd-sim faults --markdown`.

"""


def page() -> str:
    lines = [
        "| Fault | Place | What happens | Fields | Which pumps can have it | Who can observe it | By what |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, facts in FAULTS.items():
        fields = ", ".join(f"`{name}`" for name in facts.fields) or "–"
        able = ", ".join(who_can(kind)) if facts.needs else "–" if facts.place in ("host", "broker") else "every one"
        seen = ", ".join(facts.observable_by) or "nobody"
        cells = (f"`{kind.value}`", facts.place, facts.what, fields, able, seen, facts.how)
        lines.append(f"| {' | '.join(cells)} |")
    return PAGE + "\n".join(lines) + "\n"


def print_faults(arguments: argparse.Namespace) -> int:
    if arguments.markdown:
        sys.stdout.write(page())
        return 0
    for kind, facts in FAULTS.items():
        sys.stdout.write(f"{kind.value:22}{facts.place:8}{facts.what}\n")
        sys.stdout.write(f"{'':30}fields: {', '.join(facts.fields) or 'none'}\n")
        sys.stdout.write(f"{'':30}seen by: {', '.join(facts.observable_by) or 'nobody'}: {facts.how}\n")
    return 0
