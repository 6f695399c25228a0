"""A played scenario as one page of HTML: what was true, what was said, what went wrong, on one axis of time.

The page needs nothing but itself: styles and drawings (SVG) are inside, no script, no host. Two truths are drawn, what
was displaced and what arrived at the patient, beside the rate that the pump believed in; below, on the same axis, the
frames each way, the faults, the alarms and the checks. Whatever is drawn has its figures in a tooltip.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from pumpd_sim.device import Truth
from pumpd_sim.scenario_play import Played, alarms
from pumpd_sim.speech import shown

NS_PER_S = 10**9
LEFT, RIGHT, WIDTH = 92, 24, 1120
PANEL_H, LANE_H, GAP = 150, 26, 34
FAULT_ROWS = 3  # names that would run into each other stand below each other
LANES = {"host says": 0, "pump says": 1, "faults": 2, "alarms": 2 + FAULT_ROWS, "checks": 3 + FAULT_ROWS}
FRAMES_SHOWN = 400
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400)
STYLE = """
:root{color-scheme:light dark;--ink:#1c2733;--dim:#66727f;--paper:#fff;--line:#dfe5ea;--a:#0b6bcb;--b:#c2571a;
--bad:#c0202d;--good:#1a7f4b;--tint:#f5f7f9}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--dim:#93a0ad;--paper:#12181e;--line:#2b353f;--a:#5aa9f5;
--b:#f0945a;--bad:#ff6b74;--good:#54c98c;--tint:#1a222a}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;padding:28px 24px;
max-width:1180px}h1{font-size:24px;margin:0 0 4px}h2{font-size:20px;margin:44px 0 2px}
p{margin:4px 0 12px;max-width:78ch}.dim{color:var(--dim)}
table{border-collapse:collapse;width:100%;font-size:14px;margin:8px 0}
td,th{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:500}td.n{white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--dim)}
code{font:13px ui-monospace,monospace}.ok{color:var(--good)}.no{color:var(--bad);font-weight:600}
summary{cursor:pointer;color:var(--a);margin:10px 0}svg{display:block;width:100%;height:auto;margin:10px 0}
svg text{fill:var(--dim);font:12px system-ui,sans-serif}svg .name{fill:var(--ink)}
.grid{stroke:var(--line)}.a{stroke:var(--a);fill:none;stroke-width:2}.b{stroke:var(--b);fill:none;stroke-width:2;
stroke-dasharray:6 4}.to_pump{stroke:var(--a)}.to_host{stroke:var(--b)}.fault{fill:var(--bad)}.alarm{fill:var(--bad);
opacity:.22}.good{fill:var(--good)}svg text.ka{fill:var(--a)}svg text.kb{fill:var(--b)}svg text.in{fill:var(--ink)}
a{color:var(--a)}
"""


def page(played: Sequence[Played]) -> str:
    """All of them on one page, with a table of verdicts in front."""
    held = sum(one.held for one in played)
    rows = "".join(
        f"<tr><td>{_verdict(one.held)}</td><td><a href='#{html.escape(one.scenario.name)}'>"
        f"{html.escape(one.scenario.title)}</a></td><td class=n>{_clock(one.ended_ns)}</td>"
        f"<td class=n>{len(one.checks)} checks</td><td class=n>{html.escape(one.scenario.pump.device)}</td></tr>"
        for one in played
    )
    summary = f"<table>{rows}</table>" if len(played) > 1 else ""
    body = "".join(_section(one) for one in played)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>pumpd-sim: {held} of {len(played)} scenarios hold</title><style>{STYLE}</style>"
        f"<h1>{held} of {len(played)} scenarios hold</h1><p class=dim>Simulated pumps in virtual time. Solid: what "
        f"really happened. Time runs from the left; hover over a mark for its figures.</p>{summary}{body}</html>\n"
    )


def _section(played: Played) -> str:
    scenario = played.scenario
    failed = "".join(
        f"<tr><td class=n>{_clock(check.at_ns)}</td><td class=no>{html.escape(check.what)}</td>"
        f"<td>but {html.escape(check.instead)}</td><td class=n>line {check.line}</td></tr>"
        for check in played.failed
    )
    checks = "".join(
        f"<tr><td class=n>{_clock(check.at_ns)}</td><td>{_verdict(check.held)}</td><td>{html.escape(check.what)}</td>"
        f"<td class=n>line {check.line}</td></tr>"
        for check in sorted(played.checks, key=lambda check: check.at_ns)
    )
    frames = "".join(
        f"<tr><td class=n>{seen.at_ns / NS_PER_S:.3f} s</td><td class=n>{seen.event.replace('_', ' ')}</td>"
        f"<td><code>{html.escape(shown(seen.data))}</code></td></tr>"
        for seen in played.frames[:FRAMES_SHOWN]
    )
    more = f", the first {FRAMES_SHOWN}" if len(played.frames) > FRAMES_SHOWN else ""
    about = f"<p>{html.escape(scenario.about)}</p>" if scenario.about else ""
    return (
        f"<h2 id='{html.escape(scenario.name)}'>{_verdict(played.held)} {html.escape(scenario.title)}</h2>{about}"
        f"<p class=dim>{html.escape(scenario.name)} · {html.escape(scenario.pump.device)} · seed {scenario.seed} · "
        f"{_clock(played.ended_ns)} of virtual time</p>"
        + (f"<table>{failed}</table>" if failed else "")
        + _drawing(played)
        + f"<details><summary>{len(played.checks)} checks</summary><table>{checks}</table></details>"
        f"<details><summary>{len(played.frames)} frames{more}</summary><table>{frames}</table></details>"
    )


def _verdict(held: bool) -> str:  # noqa: FBT001  # the one thing it is about
    return "<span class=ok>✓</span>" if held else "<span class=no>✗</span>"


def _clock(at_ns: int) -> str:
    seconds, tenths = divmod(at_ns // (NS_PER_S // 10), 10)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}.{tenths}"


class _Axis:
    """Where a moment is on the page."""

    def __init__(self, end_ns: int) -> None:
        self.end_ns = max(1, end_ns)

    def x(self, at_ns: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(at_ns, self.end_ns) / self.end_ns, 1)

    def ticks(self) -> list[int]:
        step_s = next((step for step in TICKS if self.end_ns / NS_PER_S / step <= 12), TICKS[-1])
        return [at_s * NS_PER_S for at_s in range(0, self.end_ns // NS_PER_S + 1, step_s)]


def _drawing(played: Played) -> str:
    axis, samples = _Axis(played.ended_ns), played.samples
    parts: list[str] = []
    top = 26
    panels: list[tuple[str, tuple[str, Callable[[Truth], int]], tuple[str, Callable[[Truth], int]] | None]] = [
        ("mL/h", ("rate", lambda t: t.rate_nl_per_h), ("rate the pump believes", lambda t: t.believed_rate_nl_per_h)),
        ("mL", ("displaced", lambda t: t.displaced_nl), ("at the patient", lambda t: t.at_patient_nl)),
    ]
    if max(truth.pressure_mmhg for truth in samples) > 100:
        panels.append(("mmHg", ("pressure in the line", lambda t: t.pressure_mmhg * 10**6), None))
    height = top + len(panels) * (PANEL_H + GAP) + (LANES["checks"] + 1) * LANE_H + 24
    for at_ns in axis.ticks():
        x = axis.x(at_ns)
        parts.append(f"<line class=grid x1={x} x2={x} y1={top} y2={height - 22} />")
        parts.append(f"<text x={x} y={height - 6} text-anchor=middle>{_clock(at_ns).removesuffix('.0')}</text>")
    for unit, first, second in panels:
        parts.append(_panel(axis, samples, unit, first, second, top=top))
        top += PANEL_H + GAP
    parts.append(_lanes(played, axis, top))
    title = html.escape(f"Time line of {played.scenario.title}")
    return f"<svg viewBox='0 0 {WIDTH} {height}' role=img aria-label='{title}'>{''.join(parts)}</svg>"


def _panel(
    axis: _Axis,
    samples: Sequence[Truth],
    unit: str,
    first: tuple[str, Callable[[Truth], int]],
    second: tuple[str, Callable[[Truth], int]] | None,
    *,
    top: int,
) -> str:
    curves = [first] if second is None else [first, second]
    values = [value(truth) / 10**6 for _, value in curves for truth in samples]
    low, high = min(0.0, *values), max(*values, 0.0)
    if high - low < 1e-9:
        high = low + 1
    step = _round_step((high - low) / 4)
    low, high = (low // step) * step, -(-high // step) * step

    def y(value: float) -> float:
        return round(top + PANEL_H * (high - value) / (high - low), 1)

    parts = []
    for count in range(round((high - low) / step) + 1):
        at = low + count * step
        parts.append(f"<line class=grid x1={LEFT} x2={WIDTH - RIGHT} y1={y(at)} y2={y(at)} />")
        parts.append(f"<text x={LEFT - 8} y={y(at) + 4} text-anchor=end>{at:g}</text>")
    parts.append(f"<text x=4 y={top - 9} class=name>{unit}</text>")
    legend_x = LEFT
    for index, (name, value) in enumerate(curves):
        points = _points([(axis.x(truth.at_ns), y(value(truth) / 10**6)) for truth in samples])
        parts.append(f"<polyline class={'ab'[index]} points='{points}'><title>{name}</title></polyline>")
        mark = "——" if index == 0 else "- - -"
        parts.append(f"<text class=k{'ab'[index]} x={legend_x} y={top - 9}>{mark} {name}</text>")
        legend_x += 60 + 7 * len(name)
    return "".join(parts)


def _points(points: Sequence[tuple[float, float]]) -> str:
    """Without the points that a straight line goes through anyway."""
    kept = [
        point
        for at, point in enumerate(points)
        if at in (0, len(points) - 1) or not points[at - 1][1] == point[1] == points[at + 1][1]
    ]
    return " ".join(f"{x},{y}" for x, y in kept)


def _round_step(rough: float) -> float:
    size = 1e-9
    while True:
        for factor in (1, 2, 5):
            if size * factor >= rough:
                return size * factor
        size *= 10


def _lanes(played: Played, axis: _Axis, top: int) -> str:
    parts = []
    for name, number in LANES.items():
        parts.append(f"<text class=name x=4 y={top + number * LANE_H + 17}>{name}</text>")
    for seen in played.frames:
        lane = {"host_sends": 0, "pump_says": 1}.get(seen.event)
        if lane is not None:
            x, y = axis.x(seen.at_ns), top + lane * LANE_H
            way = "to_pump" if lane == 0 else "to_host"
            says = html.escape(f"{_clock(seen.at_ns)}  {shown(seen.data)}")
            parts.append(f"<line class={way} x1={x} x2={x} y1={y + 5} y2={y + 21}><title>{says}</title></line>")
    parts.append(_faults(played, axis, top + 2 * LANE_H))
    y = top + LANES["alarms"] * LANE_H
    for letter, begins_ns, ends_ns in alarms(played.samples):
        x = axis.x(begins_ns)
        wide = max(3.0, axis.x(ends_ns) - x)
        says = html.escape(f"alarm {letter} from {_clock(begins_ns)} to {_clock(ends_ns)}")
        parts.append(f"<rect class=alarm x={x} y={y + 4} width={wide} height=18 rx=3><title>{says}</title></rect>")
        if wide > 9 * len(letter) + 6:
            parts.append(f"<text class=in x={x + 5} y={y + 17}>{html.escape(letter)}</text>")
    y = top + LANES["checks"] * LANE_H
    for check in played.checks:
        says = html.escape(f"{_clock(check.at_ns)}  {check.what}{'' if check.held else ': ' + check.instead}")
        look = "good" if check.held else "fault"
        x = axis.x(check.at_ns)
        parts.append(
            f"<circle class={look} cx={x} cy={y + 13} r={4 if check.held else 6}><title>{says}</title></circle>"
        )
    return "".join(parts)


def _faults(played: Played, axis: _Axis, top: int) -> str:
    """A dot each, with its name where there is room; the same fault again and again is named once."""
    parts: list[str] = []
    free_x, named = [0.0] * FAULT_ROWS, dict.fromkeys((fired.kind for fired in played.fired), -1e9)
    for fired in played.fired:
        x, name = axis.x(fired.at_ns), fired.kind.value.replace("_", " ")
        says = html.escape(f"{_clock(fired.at_ns)}  {name}  {fired.detail}")
        wide = 20 + 7 * len(name)
        row = next((row for row in range(FAULT_ROWS) if x >= free_x[row]), None)
        fresh = row is not None and x > named[fired.kind] + wide
        y = top + (row or 0) * LANE_H + 13
        parts.append(f"<circle class=fault cx={x} cy={y} r=4><title>{says}</title></circle>")
        if fresh and row is not None:
            side = "end" if x + wide > WIDTH - RIGHT else "start"
            parts.append(
                f"<text class=in x={x + (8 if side == 'start' else -8)} y={y + 4} text-anchor={side}>{name}</text>"
            )
            named[fired.kind] = x
        if row is not None:
            free_x[row] = x + (wide if fresh else 10)
    return "".join(parts)
