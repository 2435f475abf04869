"""The YAML of maintenance. Descriptions are the text of docs/configuration.md."""

from aiprobe.config.schema.base import Section, key
from aiprobe.config.values import Duration


class MaintenanceSection(Section):
    """A window of maintenance: once, every week, or when the status page declares one. Without names: of everything."""

    targets: list[str] = key("Names of targets.", default=[])
    providers: list[str] = key("Names of providers: all their targets.", default=[])
    start: str | None = key("The begin of a window, such as 2026-12-01T22:00:00+01:00.")
    end: str | None = key("Its end.")
    weekly: str | None = key(
        "MINUTE HOUR * * DAYS in the manner of cron, by the local clock, such as `30 2 * * sun` or `0 22 * * mon-fri`."
    )
    duration: Duration | None = key("How long a weekly window lasts; 7d at most.")
    timezone: str = key("Of a weekly window.", default="UTC")
    declared: bool = key("true: while the status page declares a maintenance of the target's surface.", default=False)
