"""What every part of the schema is made of: a mapping of known keys, a described key, a secret."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

TAG_MARK: Final = "\0"
"""Begins the tags of unions, to distinguish them from keys in the location of an error."""
_TEXT_TAG: Final = TAG_MARK + "text"
_FILE_TAG: Final = TAG_MARK + "file"


class Section(BaseModel):
    """A mapping of known keys."""

    # Only the whole file is validated, so only its model is built: one for each section takes 40 ms and megabytes.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


def key(description: str, *, default: Any = None, shown: Any = None, **limits: Any) -> Any:
    """Describe one key. `shown` is the default that people read where `default` only means "not given"."""
    extra = None if shown is None else {"default": shown}
    return Field(default=default, description=description, json_schema_extra=extra, **limits)


def section(description: str, kind: type[Section]) -> Any:
    """Describe a key that holds a section, which may be left out."""
    return Field(default_factory=kind, description=description)


class SecretFile(Section):
    """A secret that stands in a file of its own."""

    file: str = Field(
        description="The path of the file, relative to the configuration. White space around the secret is cut off."
    )


def _secret_tag(value: Any) -> str | None:
    if isinstance(value, str):
        return _TEXT_TAG
    return _FILE_TAG if isinstance(value, dict | SecretFile) else None


SecretSource = Annotated[
    Annotated[str, Tag(_TEXT_TAG)] | Annotated[SecretFile, Tag(_FILE_TAG)],
    Discriminator(
        _secret_tag,
        custom_error_type="secret_type",
        custom_error_message='must be text such as "${NAME}", or {file: path}',
    ),
]
