"""The two projects here are other people's: their tests run in environments of their own, not in ours."""

from __future__ import annotations

collect_ignore = ["driver_project", "device_package"]
