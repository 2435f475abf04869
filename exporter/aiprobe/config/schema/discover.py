"""The YAML of a source of discovery. Descriptions are the text of docs/configuration.md."""

from typing import Annotated, Any

from pydantic import Field

from aiprobe.config.schema.base import SecretSource, Section, key
from aiprobe.config.values import Count, Duration, Interval, Name, PathText, Proxy, Texts, Url

MOST_TARGETS = 1000


class DiscoverSection(Section):
    """A source that names targets. Give one of `models`, `litellm`, `file` and `http`."""

    models: Name | None = key("A key of `providers`: an OpenAI-compatible API, whose list of models is read.")
    litellm: Name | None = key("A key of `providers`: a LiteLLM proxy, whose `/model/info` is read.")
    file: PathText | None = key(
        "A JSON or YAML file in Prometheus' file_sd form; relative to the configuration.", min_length=1
    )
    http: Url | None = key("A URL that answers in Prometheus' HTTP SD form.")
    headers: dict[str, SecretSource] = key("Request headers for `http`; secret as those of a provider.", default={})
    proxy: Proxy | None = key("The HTTP(S) proxy for `http`.")
    ca_file: str | None = key("A file of PEM certificates to trust for `http`; relative to the configuration.")
    interval: Interval = key("How often the source is read.", default=300.0, shown="5m")
    grace: Duration = key("How long a target is probed after its source left it out.", default=3600.0, shown="1h")
    include: Texts = key("Patterns (`*`, `?`) of models or addresses; only these become targets.", default=["*"])
    exclude: Texts = key("Patterns of models or addresses that do not become targets.", default=[])
    limit: Annotated[Count, Field(ge=1, le=MOST_TARGETS)] = key("The most targets of the source.", default=50)
    template: dict[str, Any] = key(
        "The keys of each target. Texts can contain placeholders, such as `{model}`, `{address}` or `{team}`.",
        default={},
    )
