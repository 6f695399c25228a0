"""An Alaris Asena GH syringe pump as it looks from its serial socket, its keypad and its syringe.

Written from what other people's client and simulator exchange with it, with its traps: nothing is obeyed without
REMOTE_CTRL and the CRC of the pump's own serial number; an infusion that was started over the line stops when the line
is silent for 15 s, one that was started at the keypad goes on for ever; pressure, not lost steps, tells an occlusion;
after the volume to be infused it stops, keeps the vein open or goes on, as it was told; a refusal may look like nothing
at all. The commands stand in `alaris_commands`, the bytes in `alaris_wire`.

Drive it with `on_bytes`, `next_wake_ns` and `on_wake`; times never run backwards.
"""

from __future__ import annotations

from collections.abc import Callable

from pumpd_sim import alaris_commands as commands
from pumpd_sim.alaris_options import AlarisOptions
from pumpd_sim.alaris_wire import SPEECH, Heard, Receiver, packed
from pumpd_sim.device import Truth
from pumpd_sim.keypad import check_key
from pumpd_sim.plant import ZL_PER_NL, Blocked, Plant, PlantSpec, Speed, step_volume_zl

NS_PER_S = 10**9
NS_PER_MS = 10**6
WATCHDOG_NS = 15 * NS_PER_S
WORST_REPLY_MS = 4_000
BELIEVED_DIAMETER_UM = 26_590  # of the 50 ml syringe that was confirmed at the keypad
ZL_PER_UL = 1_000 * ZL_PER_NL
NL_PER_H_PER_HUNDREDTH = 10_000
BY_BLOCK = {
    Blocked.OCCLUDED: "AL_OCCLU",
    Blocked.EMPTY: "AL_EOIST",
    Blocked.JAMMED: "AL_DRDIS",
    Blocked.FULL: "AL_FAULT",
}
BATTERY_LOW_PERMILLE, BATTERY_EMPTY_PERMILLE = 200, 20
STAYS = ("AL_NEOIN", "AL_ACDIS", "AL_LWBAT", "AL_VTBIK", "AL_VTBIC")  # the pump infuses on


class Alaris:
    """One pump on its own line; the protocol has no address."""

    speech = SPEECH
    alarms_known = tuple(
        sorted({*BY_BLOCK.values(), *STAYS, "AL_COMTO", "AL_VTBIS", "AL_EMBAT", "AL_SYRCO", "AL_CALLB"})
    )

    def __init__(
        self,
        *,
        baud: int = 38_400,
        options: AlarisOptions | None = None,
        plant: PlantSpec | None = None,
        now_ns: int = 0,
    ) -> None:
        self.address = 0
        self.baud = baud
        self.options: AlarisOptions = options or AlarisOptions()
        self.plant = Plant(plant or PlantSpec(), now_ns=now_ns)
        self.now_ns = now_ns
        self.believed_step_zl = step_volume_zl(BELIEVED_DIAMETER_UM, self.plant.spec.step_length_pm)
        self.rate_hundredths = 0  # 0.01 ml/h
        self.infused_zl = 0
        self.vtbi_ul = 0  # as set; 0 = none
        self.vtbi_left_zl = 0
        self.end_action = "STOP"
        self.infusing = False
        self.keeping_vein_open = False
        self.alarm: str = ""
        self.events = 127_904  # the log's number, as one capture shows it
        self.remote_since_ns: int | None = None
        self.configurable = False
        self._over_the_line = False
        self._deadline_ns: int | None = None
        self._position = 0
        self._near_end_told = False
        self._power_back_ns: int | None = None
        self._receiver = Receiver()
        self._answers = 0
        self._refusals = 0

    # The bus's side

    @property
    def reply_delay_ns(self) -> int:
        slow = self.options.slow_every and self._answers % self.options.slow_every == 0
        return (WORST_REPLY_MS if slow else self.options.reply_ms) * NS_PER_MS

    def on_bytes(self, now_ns: int, data: bytes) -> bytes:
        self.on_wake(now_ns)
        if self._power_back_ns is not None:
            return b""
        if self.options.traffic_is == "byte":
            self._feed_watchdog()
        return b"".join(self._answer(heard) for byte in data if (heard := self._receiver.feed(byte)) is not None)

    def next_wake_ns(self) -> int | None:
        return min((at_ns for at_ns, _ in self._due()), default=None)

    def on_wake(self, now_ns: int) -> bytes:
        """The pump never speaks unasked."""
        while due := [pair for pair in self._due() if pair[0] <= now_ns]:
            at_ns, act = min(due, key=lambda pair: pair[0])
            self.now_ns = max(self.now_ns, at_ns)
            self.count()
            act()
        self.now_ns = now_ns
        self.count()
        return b""

    def _due(self) -> list[tuple[int, Callable[[], None]]]:
        """What happens by itself; what is first here happens first when at one time."""
        found: list[tuple[int | None, Callable[[], None]]] = [(self._power_back_ns, self._power_up)]
        if self.infusing:
            found += [
                (self._deadline_ns, lambda: self.stop_with("AL_COMTO")),
                (self._vtbi_due_ns(), self._end_vtbi),
                (self._pressure_due_ns(), lambda: self.stop_with("AL_OCCLU")),
                (self.plant.stall_due_ns(), self._see_block),
                (self._near_end_due_ns(), self._tell_near_end),
            ]
        return [(at_ns, act) for at_ns, act in found if at_ns is not None]

    # Motor and counters

    @property
    def rate_nl_per_h(self) -> int:
        """What the pump takes itself to deliver."""
        if not self.infusing:
            return 0
        kept = self.options.kvo_hundredths if self.keeping_vein_open else self.rate_hundredths
        return min(kept, self.rate_hundredths) * NL_PER_H_PER_HUNDREDTH

    def count(self) -> None:
        """Bring plant and counters to this moment."""
        self.plant.advance(self.now_ns)
        moved_zl = (self.plant.position_steps - self._position) * self.believed_step_zl
        self._position = self.plant.position_steps
        self.infused_zl += moved_zl
        self.vtbi_left_zl = max(0, self.vtbi_left_zl - moved_zl)

    def drive(self) -> None:
        """Turn the motor at the rate that is now in force."""
        speed = Speed.of_rate(rate_nl_per_h=self.rate_nl_per_h, believed_step_zl=self.believed_step_zl, direction=1)
        self.plant.drive(self.now_ns, speed)

    def start(self, *, over_the_line: bool) -> None:
        """Infuse, or go on infusing. Only what was started over the line is watched for silence."""
        if self.infusing:
            return
        self.infusing = True
        self.keeping_vein_open = False
        self._near_end_told = False
        self._over_the_line = over_the_line
        self._feed_watchdog()
        self.log()
        self.drive()

    def stop(self) -> None:
        self.plant.halt(self.now_ns)
        self.infusing = self.keeping_vein_open = False
        self._deadline_ns = None
        self.log()

    def stop_with(self, alarm: str) -> None:
        self.stop()
        self.alarm = alarm
        if alarm == "AL_COMTO":
            self.take_permission_back()

    def set_vtbi(self, volume_ul: int, end_action: str) -> None:
        """0 = none."""
        self.vtbi_ul, self.end_action = volume_ul, end_action
        self.vtbi_left_zl = volume_ul * ZL_PER_UL
        self.log()

    def log(self) -> None:
        self.events += 1

    # What happens by itself

    def _vtbi_due_ns(self) -> int | None:
        if not self.vtbi_ul or self.keeping_vein_open:
            return None
        return self.plant.when_turned_ns(-(-self.vtbi_left_zl // self.believed_step_zl))

    def _pressure_due_ns(self) -> int | None:
        """When the pressure reaches the limit behind a closed line; through an open one it does not."""
        if not self.plant.occluded:
            return None
        left_mmhg = self.options.occlusion_mmhg - self.plant.pressure_mmhg
        left_zl = max(0, left_mmhg) * self.plant.spec.compliance_nl_per_mmhg * ZL_PER_NL
        return self.plant.when_turned_ns(-(-left_zl // self.plant.step_zl))

    def _near_end_due_ns(self) -> int | None:
        if self._near_end_told:
            return None
        short_nl = self.rate_nl_per_h * self.options.near_end_min // 60
        return self.plant.when_turned_ns(max(0, self.plant.remaining_nl - short_nl) * ZL_PER_NL // self.plant.step_zl)

    def _end_vtbi(self) -> None:
        again_ul = self.vtbi_ul if self.options.vtbi_after_end == "again" else 0
        if self.end_action == "STOP":
            self.stop_with("AL_VTBIS")
        elif self.end_action == "KVO":
            self.alarm, self.keeping_vein_open = "AL_VTBIK", True
            self.drive()
        else:
            self.alarm, again_ul = "AL_VTBIC", 0
        self.set_vtbi(again_ul, self.end_action)

    def _see_block(self) -> None:
        if self.plant.blocked is not None:
            self.stop_with(BY_BLOCK[self.plant.blocked])

    def _tell_near_end(self) -> None:
        self._near_end_told = True
        self.alarm = self.alarm or "AL_NEOIN"
        self.log()

    def _power_up(self) -> None:
        self._power_back_ns = None

    # The conversation

    @property
    def permitted(self) -> bool:
        if self.remote_since_ns is None:
            return False
        lapses_s = self.options.permission_lapses_after_s
        return lapses_s == 0 or self.now_ns - self.remote_since_ns < lapses_s * NS_PER_S

    def take_permission_back(self) -> None:
        self.remote_since_ns = None
        self.configurable = False

    def _feed_watchdog(self) -> None:
        if self.infusing and self._over_the_line:
            self._deadline_ns = self.now_ns + WATCHDOG_NS

    def _answer(self, heard: Heard) -> bytes:
        if not heard.intact:
            return packed("ERROR") if self.options.bad_crc == "error" else b""
        self._feed_watchdog()
        if self._refusals:
            self._refusals -= 1
            body = commands.refusal(self, heard.fields)
        else:
            body = commands.carry_out(self, heard.fields)
        self._answers += 1
        return packed(body) if body else b""

    # People and mishaps at the pump

    def press(self, now_ns: int, key: str, *, rate_nl_per_h: int | None = None) -> bytes:
        """A person at the keypad: `start`, `stop`, `rate` (with a rate) or `clear` an alarm."""
        check_key(key, rate_nl_per_h)
        said = self.on_wake(now_ns)
        if self._power_back_ns is not None:
            return said
        if self.options.key_ends_permission:
            self.take_permission_back()
        if key == "clear" or (self.alarm and key in ("start", "stop")):
            self.alarm = ""
        if key == "stop":
            self.stop()
        elif key == "start" and self.rate_hundredths:
            self.start(over_the_line=False)
        elif key == "rate" and rate_nl_per_h is not None:
            wished = rate_nl_per_h // NL_PER_H_PER_HUNDREDTH
            if commands.LEAST_RATE <= wished <= commands.TOP_RATE:
                commands.set_rate(self, wished)
        return said

    def reboot(self, now_ns: int, outage_ns: int) -> bytes:
        """The power fails and comes back after a while; then nobody is permitted anything and nothing infuses."""
        said = self.on_wake(now_ns)
        self.stop()
        self.take_permission_back()
        self.alarm = ""
        self._receiver.forget()
        if not self.options.volume_survives_power:
            self.infused_zl = 0
        if not self.options.settings_survive_power:
            self.rate_hundredths = 0
            self.set_vtbi(0, "STOP")
        self._power_back_ns = now_ns + outage_ns
        return said

    def raise_alarm(self, now_ns: int, alarm: str) -> bytes:
        said = self.on_wake(now_ns)
        if alarm in STAYS:
            self.alarm = alarm
        else:
            self.stop_with(alarm)
        return said

    def sag_battery(self, now_ns: int, permille: int) -> bytes:
        """The mains are gone and so much charge is left: it says so, and with next to nothing it stops."""
        if permille < BATTERY_EMPTY_PERMILLE:
            return self.raise_alarm(now_ns, "AL_EMBAT")
        return self.raise_alarm(now_ns, "AL_LWBAT" if permille < BATTERY_LOW_PERMILLE else "AL_ACDIS")

    def reset_counters(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.infused_zl = 0
        return said

    def refuse_next(self, now_ns: int, count: int) -> bytes:
        """The next commands are refused, in whichever way this reading refuses."""
        self._refusals = count
        return self.on_wake(now_ns)

    def shift_timers(self, by_ns: int) -> None:
        """What is timed on the line is later by this: the day moves on, the conversation does not."""
        if self._deadline_ns is not None:
            self._deadline_ns += by_ns
        if self.remote_since_ns is not None:
            self.remote_since_ns += by_ns

    def truth(self, now_ns: int) -> Truth:
        self.on_wake(now_ns)
        plant = self.plant
        status = "keeping vein open" if self.keeping_vein_open else "infusing" if self.infusing else "stopped"
        return Truth.of(
            plant,
            at_ns=now_ns,
            address=self.address,
            believed_rate_nl_per_h=self.rate_nl_per_h,
            powered=self._power_back_ns is None,
            status=status,
            alarm=self.alarm,
            mode="remote" if self.permitted else "local",
            watchdog_left_ns=None if self._deadline_ns is None else self._deadline_ns - now_ns,
        )
