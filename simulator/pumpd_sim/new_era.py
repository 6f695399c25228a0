"""A New Era NE-1000 as it looks from its socket, its keypad and its syringe.

Written from the manual, not from any driver, with the traps that the manual hides in half sentences: an
alarm is acknowledged only by being sent as a reply, and the command that drew it is not carried out; after a
power failure the communication timer sleeps until the first valid packet; a rate changed while pumping is
forgotten at the next stop; a second STP resets the program; the keypad's user may start and stop at any
time. Firmware belongs to the program, the memory and the commands beside this file; here are power, alarms,
timers and the conversation.

Drive it with `on_bytes`, `next_wake_ns` and `on_wake`; times never run backwards.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pumpd_sim import new_era_commands as commands
from pumpd_sim.device import Truth
from pumpd_sim.keypad import check_key
from pumpd_sim.new_era_memory import NL_PER_H_PER_THOUSANDTH, Memory
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.new_era_program import Program, ProgramFailedError, State
from pumpd_sim.new_era_wire import SPEECH, Framing, Packet, Receiver, packed, unpacked
from pumpd_sim.plant import Plant, PlantSpec

if TYPE_CHECKING:
    from collections.abc import Callable

NS_PER_S = 10**9
_ADDRESSED = re.compile(r"(\d{0,2})(.*)", re.ASCII | re.DOTALL)


class NewEra:
    """One pump. It comes up with the alarm `A?R` waiting, as after any power-up."""

    def __init__(
        self,
        *,
        address: int = 0,
        timeout_s: int = 0,
        baud: int = 19_200,
        options: NewEraOptions | None = None,
        plant: PlantSpec | None = None,
        now_ns: int = 0,
    ) -> None:
        self.options = options or NewEraOptions()
        self.plant = Plant(plant or PlantSpec(), now_ns=now_ns)
        self.memory = Memory.factory(self.options, address=address)
        self.memory.timeout_s = timeout_s
        self.memory.baud = baud
        self.program = Program(self.memory, self.options, self.plant)
        self.now_ns = now_ns
        self.buzzing = False
        self.pins = {2: 1, 3: 1, 4: 1, 6: 1}
        self._receiver = Receiver()
        self._alarms: list[str] = []
        self._deadline_ns: int | None = None
        self._power_back_ns: int | None = now_ns
        self._unasked = bytearray()
        self._refusals = 0

    # The bus's side

    speech = SPEECH

    @property
    def address(self) -> int:
        return self.memory.address

    @property
    def baud(self) -> int:
        return self.memory.baud

    @property
    def reply_delay_ns(self) -> int:
        return self.options.reply_delay_ms * 1_000_000

    def on_bytes(self, now_ns: int, data: bytes) -> bytes:
        said = bytearray(self.on_wake(now_ns))
        if self._power_back_ns is not None:
            return bytes(said)
        for byte in data:
            packet = self._receiver.feed(now_ns, byte)
            if packet is not None:
                said += self._answer(packet)
        return bytes(said)

    def next_wake_ns(self) -> int | None:
        if self._unasked:
            return self.now_ns
        return self._next_due_ns()

    def _next_due_ns(self) -> int | None:
        """When the first of `_due` is due; asked at every step of every wire."""
        earliest_ns = self._power_back_ns
        for at_ns in (self.program.due_ns(), self.program.stall_seen_ns(), self._deadline_ns):
            if at_ns is not None and (earliest_ns is None or at_ns < earliest_ns):
                earliest_ns = at_ns
        return earliest_ns

    def on_wake(self, now_ns: int) -> bytes:
        while (wake_ns := self._next_due_ns()) is not None and wake_ns <= now_ns:
            at_ns, act = min(self._due(), key=lambda pair: pair[0])
            self.now_ns = max(self.now_ns, at_ns)
            try:
                act()
            except ProgramFailedError as failure:
                self._raise_alarm(str(failure))
        self.now_ns = now_ns
        self.program.count(now_ns)
        said = bytes(self._unasked)
        self._unasked.clear()
        return said

    def _due(self) -> list[tuple[int, Callable[[], None]]]:
        """What happens next by itself; the earliest is done first, in this order when at one time."""
        candidates: list[tuple[int | None, Callable[[], None]]] = [
            (self._power_back_ns, self._power_up),
            (self.program.due_ns(), lambda: self.program.act(self.now_ns)),
            (self.program.stall_seen_ns(), self._see_stall),
            (self._deadline_ns, self._time_out),
        ]
        return [(at_ns, act) for at_ns, act in candidates if at_ns is not None]

    # Power, timers, alarms

    def _power_up(self) -> None:
        self._power_back_ns = None
        was_pumping = self.memory.was_pumping
        self._raise_alarm("R")
        if was_pumping and self.memory.switches["PF"]:
            self.program.start(self.now_ns, 1)

    def _see_stall(self) -> None:
        self.program.count(self.now_ns)
        if self.plant.blocked is not None:
            self._raise_alarm("S")

    def _time_out(self) -> None:
        self._deadline_ns = None
        self._raise_alarm("T")

    def _raise_alarm(self, letter: str) -> None:
        if letter == "S" and self.options.stall_leaves == "paused":
            self.program.pause(self.now_ns)
        else:
            self.program.reset(self.now_ns)
        if letter not in self._alarms:
            self._alarms.append(letter)
        self.buzzing = bool(self.memory.switches["AL"])
        if self._safe and not self.memory.network:
            self._unasked += packed(Framing.SAFE, f"{self.address:02d}A?{letter}")

    def _acknowledge(self) -> None:
        del self._alarms[:1]
        if not self._alarms:
            self.buzzing = False

    def watchdog_off(self) -> None:
        """The timer sleeps until the next valid packet."""
        self._deadline_ns = None

    def _feed_watchdog(self) -> None:
        self._deadline_ns = self.now_ns + self.memory.timeout_s * NS_PER_S if self._safe else None

    @property
    def _safe(self) -> bool:
        return self.memory.timeout_s > 0

    def back_to_factory(self) -> None:
        self.program.reset(self.now_ns)
        self.memory = Memory.factory(self.options)
        self.program.memory = self.memory

    # The conversation

    def _answer(self, packet: Packet) -> bytes:
        if packet.framing is Framing.BASIC and self._safe:
            return self._refuse_packet(packet, self.options.safe_rejects_basic)
        if not packet.intact:
            safe_way, basic_way = self.options.bad_crc_in_safe, self.options.bad_crc_in_basic
            return self._refuse_packet(packet, safe_way if self._safe else basic_way)
        text = packet.payload
        if packet.framing is Framing.BASIC and "*" in text.lstrip("0123456789")[1:]:
            return self._obey_burst(text)
        address, command = self._split(text)
        if command.startswith("*"):
            return self._obey(packet, command)
        if address != self.address:
            if self.options.foreign_packet_feeds_watchdog:
                self._feed_watchdog()
            return b""
        return b"" if self.memory.network else self._obey(packet, command)

    @staticmethod
    def _split(text: str) -> tuple[int, str]:
        match = _ADDRESSED.match(text)
        assert match is not None  # the expression takes any text
        return int(match[1] or "0"), match[2]

    def _refuse_packet(self, packet: Packet, way: str) -> bytes:
        if way == "silence" or self._split(packet.payload)[0] != self.address or self.memory.network:
            return b""
        mode = Framing.SAFE if self._safe else Framing.BASIC
        return packed(mode, f"{self.address:02d}{self.program.letter}?COM")

    def _obey_burst(self, text: str) -> bytes:
        """`0 RAT 100 * 1 RAT 250 *`: each pump takes its part; addresses 0-9 only."""
        for part in text.split("*"):
            if part[:1].isdigit() and int(part[0]) == self.address and not self.memory.network:
                return self._obey(Packet(framing=Framing.BASIC, payload=part), part[1:])
        return b""

    def _obey(self, packet: Packet, command: str) -> bytes:
        waiting = bool(self._alarms)
        data = self._alarm_instead(command) if waiting else self._carry_out(command)
        if data.startswith("A?") and not waiting:
            self._unasked.clear()  # the reply itself says it
            self._acknowledge()
        self._feed_watchdog()
        framing = self._reply_framing(packet, command, alarm=data.startswith("A?"))
        said = data if data.startswith("A?") else self.program.letter + data
        return packed(framing, f"{self.address:02d}{said}")

    def _alarm_instead(self, command: str) -> str:
        """The alarm goes out in place of the reply; a valid command, not carried out, acknowledges it."""
        alarm = f"A?{self._alarms[0]}"
        if not command or commands.find(command, system=command.startswith("*")):
            self._acknowledge()
        return alarm

    def _carry_out(self, command: str) -> str:
        """Do it; returns the reply's data, or `A?` and a letter when doing it raised an alarm."""
        if not command:
            return ""
        if self._refusals:
            self._refusals -= 1
            return commands.NOT_APPLICABLE
        system = command.startswith("*")
        found = commands.find(command, system=system)
        if found is None:
            return commands.NOT_RECOGNISED
        name, text = found
        if self._ignores(name, text):
            return "?IGN"
        try:
            return (commands.SYSTEM_COMMANDS if system else commands.COMMANDS)[name](self, text)
        except commands.RefusedError as refusal:
            return str(refusal)
        except ProgramFailedError as failure:
            self._raise_alarm(str(failure))
            return f"A?{failure}"

    def _ignores(self, name: str, text: str) -> bool:
        """A setting that comes as the program enters its next phase."""
        entered_ns = self.program.phase_entered_ns
        if entered_ns is None or name in commands.QUERIES_AND_STOP or not (text or name in ("RUN", "PUR")):
            return False
        return self.now_ns - entered_ns < self.options.ign_window_ms * 1_000_000

    def _reply_framing(self, packet: Packet, command: str, *, alarm: bool) -> Framing:
        mode = Framing.SAFE if self._safe else Framing.BASIC
        asked = command.removeprefix("SAF")
        if not (command.startswith("SAF") and asked.isascii() and asked.isdecimal()):
            return mode
        if alarm:
            framing = Framing.SAFE if int(asked) else Framing.BASIC
            as_asked = packet.framing is Framing.SAFE and self.options.saf_alarm_reply_framing == "asked"
            return framing if as_asked else mode
        if self._safe and packet.framing is Framing.BASIC:
            return Framing(self.options.saf_in_basic_framing_answered)
        return mode

    # People and mishaps at the pump

    def press(self, now_ns: int, key: str, *, rate_nl_per_h: int | None = None) -> bytes:
        """A person at the keypad: `start`, `stop`, `rate` (with a rate) or `clear` an alarm."""
        check_key(key, rate_nl_per_h)
        said = self.on_wake(now_ns)
        locked = self.memory.switches["LOC"] and not (key == "stop" and self.options.stop_key_when_locked)
        if self._power_back_ns is not None or locked:
            return said
        if self._alarms:
            self._acknowledge()
        elif key == "rate" and rate_nl_per_h is not None:
            self._dial(rate_nl_per_h)
        elif key in ("start", "stop"):
            self._carry_out({"start": "RUN", "stop": "STP"}[key])
        return said

    def _dial(self, rate_nl_per_h: int) -> None:
        phase = self.program.phase
        rate = rate_nl_per_h // NL_PER_H_PER_THOUSANDTH[phase.rate_unit]
        if not self.memory.rate_in_range(rate * NL_PER_H_PER_THOUSANDTH[phase.rate_unit]):
            return
        if self.program.state is State.PUMPING:
            self.program.change_rate(self.now_ns, rate)
        elif not self.program.operating:
            phase.rate = rate

    def set_trigger_pin(self, now_ns: int, level: int) -> bytes:
        """The foot switch or another machine moves the trigger input (pin 2)."""
        said = self.on_wake(now_ns)
        if level == self.pins[2]:
            return said
        self.pins[2] = level
        act = commands.TRIGGER_EDGES.get(self.memory.trigger, ("", ""))[level]
        if act and not self._alarms and self._power_back_ns is None:
            start = act == "start" or (act == "toggle" and not self.program.operating)
            self._carry_out("RUN" if start else "STP")
        return said

    def reboot(self, now_ns: int, outage_ns: int) -> bytes:
        """The power fails and comes back after a while; until then the pump neither hears nor pumps."""
        said = self.on_wake(now_ns)
        was_pumping = self.memory.was_pumping
        self.program.reset(now_ns)
        self.memory.was_pumping = was_pumping
        if not self.options.dis_survives_reset:
            self.program.dispensed_zl = {"INF": 0, "WDR": 0}
        self._receiver.forget()
        self._alarms.clear()
        self.buzzing = False
        self._deadline_ns = None
        self._power_back_ns = now_ns + outage_ns
        return said

    # Mishaps that only this protocol knows how to have; those of syringe and line are the plant's

    alarms_known = ("R", "S", "T", "E", "O")

    def raise_alarm(self, now_ns: int, alarm: str) -> bytes:
        said = self.on_wake(now_ns)
        if self._power_back_ns is None:
            self._raise_alarm(alarm)
        return said + self.on_wake(now_ns)

    def reset_counters(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.program.dispensed_zl = {"INF": 0, "WDR": 0}
        return said

    def refuse_next(self, now_ns: int, count: int) -> bytes:
        """The next commands are answered `?NA` and not carried out."""
        self._refusals = count
        return self.on_wake(now_ns)

    def readdressed(self, frame: bytes) -> bytes:
        """A frame of this pump as the next one on the chain would have said it."""
        framing, text = unpacked(frame)
        return packed(framing, f"{(self.address + 1) % 100:02d}{text[2:]}")

    def shift_timers(self, by_ns: int) -> None:
        """What is timed on the line is later by this: the day moves on, the conversation does not."""
        if self._deadline_ns is not None:
            self._deadline_ns += by_ns
        self._receiver.shift(by_ns)

    def truth(self, now_ns: int) -> Truth:
        """What is really so at this moment; asking changes nothing (what the pump says unasked waits)."""
        self._unasked += self.on_wake(now_ns)
        plant, program = self.plant, self.program
        left_ns = None if self._deadline_ns is None else self._deadline_ns - now_ns
        return Truth.of(
            plant,
            at_ns=now_ns,
            address=self.address,
            believed_rate_nl_per_h=program.rate_nl_per_h,
            powered=self._power_back_ns is None,
            status=program.letter,
            alarm=self._alarms[0] if self._alarms else "",
            mode="safe" if self._safe else "basic",
            watchdog_left_ns=left_ns,
        )
