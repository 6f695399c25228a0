"""`pumpd-sim trumpet`: start-up graph, trumpet curve and a closed line, of simulated pumps; a picture and a table.

    pumpd-sim trumpet new_era bag_pump                     trumpet.png and trumpet.csv
    pumpd-sim trumpet bag_pump --rate-ml-per-h 50 --fault calibration,permille=1030
    pumpd-sim trumpet alaris --out figures/alaris --no-picture

The picture needs matplotlib, `pip install 'pumpd[plot]'`; the table needs nothing. Exit status: 0, or 2 with a sentence
for what cannot be tested.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from pathlib import Path

from pumpd_sim.devices import load
from pumpd_sim.fault_text import fault_from_words
from pumpd_sim.flow_bench import SAMPLE_S, BenchError, Measured, Trial, clock, measure, percent

COLUMNS = ("device", "rate_ml_per_h", "what", "minutes", "ml_per_h", "most_percent", "least_percent")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", nargs="+", metavar="DEVICE", help="`pumpd-sim devices` lists them")
    parser.add_argument("--rate-ml-per-h", metavar="R", help="of every device (default: each kind's own middle rate)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[,FIELD=VALUE...]", help="present from the start"
    )
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="a point the manual leaves open"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all chance")
    parser.add_argument(
        "--out", type=Path, default=Path("trumpet"), metavar="PATH", help="without its ending (default: ./trumpet)"
    )
    parser.add_argument("--no-picture", action="store_true", help="the table alone")


def run(arguments: argparse.Namespace) -> int:
    try:
        if not arguments.no_picture and find_spec("matplotlib") is None:
            raise BenchError("the picture needs matplotlib: pip install 'pumpd[plot]', or say --no-picture")
        rate = None if arguments.rate_ml_per_h is None else _ul_per_h(arguments.rate_ml_per_h)
        options = dict(text.partition("=")[::2] for text in arguments.option)
        faults = tuple(fault_from_words(words) for words in arguments.fault)
        trials = [
            Trial(kind=load(name), rate_ul_per_h=rate, options=options, faults=faults, seed=arguments.seed)
            for name in arguments.device
        ]
        found = [measure(trial) for trial in trials]
        _write(arguments.out, found, picture=not arguments.no_picture)
    except (ValueError, LookupError, OSError) as error:
        sys.stderr.write(f"pumpd-sim: {error}\n")
        return 2
    return 0


def _ul_per_h(text: str) -> int:
    try:
        rate = Decimal(text) * 1_000
    except InvalidOperation:
        rate = Decimal(-1)
    if not 0 < rate < 10**8 or rate != int(rate):
        raise BenchError(f"--rate-ml-per-h: {text!r} is no rate in mL/h with up to three decimals")
    return int(rate)


def _write(out: Path, found: Sequence[Measured], *, picture: bool) -> None:
    table = out.with_name(f"{out.name}.csv")
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for each in found:
            rows.writerows(_rows(each))
    for each in found:
        sys.stdout.write(told(each))
    written = [str(table)]
    if picture:
        from pumpd_sim.trumpet_picture import draw  # late: nobody else waits for matplotlib

        drawn = out.with_name(f"{out.name}.png")
        draw(found, drawn)
        written.append(str(drawn))
    sys.stdout.write(f"wrote {' and '.join(written)}\n")


def _rows(measured: Measured) -> list[tuple[str, ...]]:
    head = measured.device, f"{measured.rate_ul_per_h / 1_000:g}"
    flow = [
        (*head, "start-up", f"{(at + 1) * SAMPLE_S / 60:g}", f"{ml_per_h:.4f}", "", "")
        for at, ml_per_h in enumerate(measured.flow_ml_per_h)
    ]
    windows = [
        (*head, "window", f"{each.minutes}", "", f"{each.most_percent:.3f}", f"{each.least_percent:.3f}")
        for each in measured.windows
    ]
    return [*flow, *windows]


def told(measured: Measured) -> str:
    """Three lines for people."""
    closed = measured.closed
    alarm = (
        f"alarm {closed.alarm} after {clock(closed.after_s)} at {closed.pressure_mmhg} mmHg"
        if closed.alarm
        else f"no alarm in {clock(closed.after_s)}, {closed.pressure_mmhg} mmHg"
    )
    spans = " and ".join(
        f"{percent(each.least_percent, 2)} to {percent(each.most_percent, 2)} in {each.minutes} min"
        for each in (measured.windows[0], measured.windows[-1])
    )
    return (
        f"{measured.device}, {measured.rate_ul_per_h / 1_000:g} mL/h ({measured.title})\n"
        f"  second hour   {percent(measured.mean_percent, 2)}; windows from {spans}\n"
        f"  line closed   {alarm}; {closed.bolus_nl / 1e6:.2f} mL to the patient when it is opened\n"
    )
