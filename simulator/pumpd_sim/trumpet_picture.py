"""The picture of `pumpd-sim trumpet`: a row for each pump, its start-up graph at the left, its trumpet at the right.

The only module that imports matplotlib, which is an extra of its own (docs/decisions/0027-matplotlib.md). Drawn
without a display, with its object interface: no state that outlives the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pumpd_sim.flow_bench import SAMPLE_S, SECOND_HOUR_S, TEST_S, WINDOWS_MIN, Measured, clock, percent

INK, DIM, BLUE, ORANGE, TINT = "#1c2733", "#66727f", "#0b6bcb", "#c2571a", "#dfe5ea"
ROW_INCHES, WIDTH_INCHES, DPI = 2.9, 10.5, 100
LEAST_SPAN_PERCENT = 2.0  # a curve that is flat shall look so
ROOM = 1.35


def draw(found: Sequence[Measured], path: Path) -> None:
    """Raises OSError where it cannot be written."""
    figure = Figure(figsize=(WIDTH_INCHES, ROW_INCHES * len(found) + 0.4), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panes = figure.subplots(len(found), 2, squeeze=False, width_ratios=(5, 4))
    for row, measured in zip(panes, found, strict=True):
        _start_up(row[0], measured)
        _trumpet(row[1], measured)
    figure.savefig(path, metadata={"Software": "pumpd-sim trumpet"})


def _start_up(pane: Axes, measured: Measured) -> None:
    rate = measured.rate_ul_per_h / 1_000
    minutes = [0.0, *((at + 1) * SAMPLE_S / 60 for at in range(len(measured.flow_ml_per_h)))]
    pane.axhline(rate, color=DIM, linewidth=1, linestyle=(0, (4, 3)))
    pane.step(minutes, [0.0, *measured.flow_ml_per_h], where="pre", color=BLUE, linewidth=1.3)
    pane.axvspan(SECOND_HOUR_S / 60, TEST_S / 60, color=TINT, alpha=0.45, linewidth=0)
    pane.set_xlim(0, TEST_S / 60)
    pane.set_xticks(range(0, TEST_S // 60 + 1, 20))
    pane.set_ylim(0, max(rate * 1.35, max(measured.flow_ml_per_h) * 1.1))
    pane.text(90, rate * 0.06, "the trumpet's hour", ha="center", va="bottom", color=DIM, fontsize=8.5)
    pane.set_xlabel("minutes since the start", color=DIM)
    pane.set_ylabel("flow, mL/h", color=DIM)
    _titled(pane, measured.title, f"{rate:g} mL/h, what left the line in each half minute")
    _plain(pane)


def _trumpet(pane: Axes, measured: Measured) -> None:
    minutes = [each.minutes for each in measured.windows]
    most = [each.most_percent for each in measured.windows]
    least = [each.least_percent for each in measured.windows]
    pane.axhline(0, color=DIM, linewidth=1)
    pane.axhline(measured.mean_percent, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    pane.fill_between(minutes, least, most, color=BLUE, alpha=0.10, linewidth=0)
    pane.plot(minutes, most, color=BLUE, marker="o", markersize=4, linewidth=1.5)
    pane.plot(minutes, least, color=ORANGE, marker="o", markersize=4, linewidth=1.5)
    span = max(LEAST_SPAN_PERCENT, *(abs(each) for each in (*most, *least))) * ROOM
    pane.set_ylim(-span, span)
    pane.set_xlim(0, WINDOWS_MIN[-1] + 2)
    pane.set_xticks(minutes)
    for value, colour in ((most[0], BLUE), (least[0], ORANGE)):
        above = value == most[0]
        pane.annotate(
            percent(value, 1), (minutes[0], value), xytext=(-3, 7 if above else -7), textcoords="offset points",
            ha="left", va="bottom" if above else "top", color=colour, fontsize=9,
        )  # fmt: skip
    mean = f"mean of the hour {percent(measured.mean_percent, 2)}"
    pane.text(0.98, 0.94, mean, transform=pane.transAxes, ha="right", va="top", color=INK, fontsize=9)
    pane.set_xlabel("window, minutes", color=DIM)
    pane.set_ylabel("error of the window, %", color=DIM)
    _titled(pane, "Trumpet curve of the second hour", _closed(measured))
    _plain(pane)


def _closed(measured: Measured) -> str:
    closed = measured.closed
    if not closed.alarm:
        return f"closed line: no alarm in {clock(closed.after_s)}"
    return f"closed line: alarm after {clock(closed.after_s)}, bolus {closed.bolus_nl / 1e6:.2f} mL"


def _titled(pane: Axes, title: str, below: str) -> None:
    pane.set_title(f"{title}\n{below}", loc="left", fontsize=10, color=INK)


def _plain(pane: Axes) -> None:
    pane.grid(color=TINT, linewidth=0.8)
    pane.set_axisbelow(True)
    pane.tick_params(colors=DIM, length=0)
    for side in pane.spines.values():
        side.set_visible(False)
