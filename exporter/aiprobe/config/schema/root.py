"""The format of the YAML: the sections of a configuration file, and the JSON Schema of it for editors.

`config/resolve/` builds the domain objects from it.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from aiprobe.config.schema.base import Section, key, section
from aiprobe.config.schema.contracts import ContractSection
from aiprobe.config.schema.discover import DiscoverSection
from aiprobe.config.schema.maintenance import MaintenanceSection
from aiprobe.config.schema.pages import StatusPagesSection
from aiprobe.config.schema.provider import ProviderSection
from aiprobe.config.schema.target import DefaultsSection, PriceSection, TargetSection
from aiprobe.config.values import Name, Number, OptionalName, PathText, Texts, Url
from aiprobe.core.money import FOLLOW_UPS_SHARE

DEFAULT_EGRESS = ("https://one.one.one.one/cdn-cgi/trace", "https://www.gstatic.com/generate_204")
"""Two small pages on two independent networks."""
DEFAULT_JOURNAL_DIRECTORY = "aiprobe-data"


class BudgetSection(Section):
    """The limits of spending."""

    usd_per_day: Number = Field(gt=0, description="USD per UTC day. A probe that could exceed it does not start.")
    follow_ups: Annotated[Number, Field(ge=0, le=100)] = key(
        "The largest share of it for follow-ups, in percent.", default=100 * FOLLOW_UPS_SHARE
    )


class GroupSection(Section):
    """Targets that can replace one another."""

    any_of: list[str] = Field(min_length=1, description="Names of targets.")


class JournalSection(Section):
    """The durable record of results."""

    directory: PathText | None = key(
        "The directory of its files; relative to the configuration.",
        shown=f"{DEFAULT_JOURNAL_DIRECTORY}, in the working directory",
        min_length=1,
    )
    keep_ok: Literal["all", "sampled", "none"] = key("How many of the good results to store as rows.", default="all")


class PricesSection(Section):
    """Prices in addition to the built-in table."""

    file: str | None = key("A price map in LiteLLM's JSON format; relative to the configuration.", min_length=1)
    models: dict[str, PriceSection] = key(
        "Prices by model, or by `provider/model`; they have precedence over the file and the table. A name can be a "
        "pattern (`*`, `?`), which counts for models without a price of their own name; of several, the first.",
        default={},
    )


class IncludedFile(Section):
    """A file that another one includes."""

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": {}}})

    defaults: DefaultsSection = section("Defaults of the targets of the file.", DefaultsSection)
    classes: dict[Name, DefaultsSection] = key("Defaults of the targets that name the class, of any file.", default={})
    providers: dict[Name, ProviderSection] = key("The accounts, by a name of your choice.", default={})
    targets: list[TargetSection] = key("What to ask.", default=[])
    groups: dict[Name, GroupSection] = key(
        "Targets that can replace one another: would failover have helped?", default={}
    )


class ConfigFile(IncludedFile):
    """The configuration of aiprobe."""

    vantage: OptionalName = key("The location of this exporter: a label on every series.", default="")
    budget: BudgetSection | None = key("The limits of spending; no limit by default.")
    discover: dict[Name, DiscoverSection] = key("Sources that name more targets.", default={})
    egress: list[Url] = key(
        "URLs whose answer proves that our own network works, independent of every provider. [] disables the checks.",
        default=list(DEFAULT_EGRESS),
    )
    status_pages: StatusPagesSection = section("The status pages of the providers.", StatusPagesSection)
    contracts: dict[Name, ContractSection] = key(
        "Your service level agreements: the state of the month by the rules of each one.", default={}
    )
    maintenance: list[MaintenanceSection] = key(
        "When targets, providers or everything is in maintenance: no SLO counts, and no alert fires.", default=[]
    )
    journal: JournalSection = section("The durable record of results.", JournalSection)
    prices: PricesSection = section("Prices in addition to the built-in table.", PricesSection)
    include: Texts = key(
        "More files or patterns, relative to this one; their classes, providers, targets and groups are added.",
        default=[],
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a configuration file, for editors."""
    schema = ConfigFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_without_nulls(schema)}


def _without_nulls(node: Any) -> Any:
    """Drop what only marks a key as optional: `default: null`, and titles that repeat the key."""
    if isinstance(node, list):
        return [_without_nulls(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {}
    for name, value in node.items():
        if (name == "default" and value is None) or (name == "title" and isinstance(value, str)):
            continue
        kept[name] = _without_nulls(value)
    return kept
