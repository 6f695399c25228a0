"""A bed whose containers are small, so that an infusion needs several: the story of a change of the container."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import Decision, preview
from pumpd.core.codes import Phase
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.core.regimen import Rules
from pumpd.testing.bed_story import NURSE, BedStory, order_for
from pumpd.testing.clinical import shipped_rules

SECOND: Final = Actor(person="nurse-2", role=Role.NURSE)


def small_containers(usable_nl: int, *, containers_max: int = 24) -> Rules:
    """The shipped rules with containers that give so little, and as many as are needed."""
    rules = shipped_rules()
    entries = tuple(
        replace(
            entry,
            containers_max=containers_max,
            containers_why="a test",
            containers=tuple(
                replace(each, capacity_nl=usable_nl + each.prime_nl + each.dead_nl) for each in entry.containers
            ),
        )
        for entry in rules.library.entries
    )
    return replace(rules, library=replace(rules.library, entries=entries))


class ContainerStory(BedStory):
    """A bed story in which a container ends and another is hung."""

    def begins(self, regimen: str, *, weight_g: int = 70_000, day: int = 1) -> None:
        """Ordered, checked, started, and by its own report infusing."""
        self.connect("p1")
        self.report()
        order = order_for(regimen, day=day, weight_g=weight_g)
        digest = preview(self.state, "p1", order, self.setup, self.now_ns).digest
        self.take(
            r.StartRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot="p1", order=order, digest=digest
            )
        )
        assert self.reply is not None
        assert self.reply.accepted, self.reply.reasons
        self.prepared()
        self.done(Drive.INFUSING)
        assert self.phase() is Phase.INFUSING

    def change(
        self,
        *,
        container: str | None = None,
        concentration_ug_per_ml: int | None = None,
        checked_in: bool = True,
        actor: Actor | None = NURSE,
        second: Actor | None = None,
        keep: r.Keep = r.Keep.VOLUME,
    ) -> Decision:
        """Somebody reads the new label; what they do not read otherwise is what was ordered."""
        infusion = self.infusion()
        read = (
            infusion.programme.concentration_ug_per_ml if concentration_ug_per_ml is None else concentration_ug_per_ml
        )
        return self.take(
            r.ContainerChangeRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=actor, slot="p1",
                container=infusion.order.container if container is None else container,
                concentration_ug_per_ml=read, lot="L-7", checked_in=checked_in, second=second, keep=keep,
            )
        )  # fmt: skip

    def changed(self, *, keep: r.Keep = r.Keep.VOLUME) -> None:
        """Changed, checked, started, and by its own report infusing out of the next container."""
        self.change(keep=keep)
        assert self.reply is not None
        assert self.reply.accepted, self.reply.reasons
        self.prepared()
        self.done(Drive.INFUSING)
        assert self.phase() is Phase.INFUSING

    def flows_out(self) -> int:
        """It infuses until the pump has given what it was programmed with, and reports that it stands still; in uL."""
        leg = self.infusion().leg
        assert leg is not None
        target_ul, infused_ul = leg.granted.volume_nl // 1_000, 0
        while infused_ul < target_ul:
            granted = self.infusion().granted_ul_per_h
            assert granted is not None
            infused_ul = min(target_ul, infused_ul + max(1, granted // 3_600))
            if infused_ul == target_ul:
                break
            self.drives(infused_ul, after_s=1.0)
            if self.pump().command is not None:  # an automatic step
                self.done(Drive.INFUSING, infused_ul=infused_ul)
        self.report(Drive.STILL, infused_ul=target_ul)
        return target_ul
