"""Writes docs/configuration.md from the schema, so that the page matches the program."""

import json
from typing import Any, Final

from aiprobe.config.resolve.presets import presets
from aiprobe.config.schema.root import json_schema

TITLES: Final = {
    "ProviderSection": "providers.NAME",
    "TargetSection": "targets[]",
    "DiscoverSection": "discover.NAME",
    "GroupSection": "groups.NAME",
    "DefaultsSection": "defaults",
    "BudgetSection": "budget",
    "StatusPagesSection": "status_pages",
    "PageSection": "status_pages.pages.NAME",
    "ComponentSection": "status_pages.pages.NAME.components.SURFACE",
    "ContractSection": "contracts.NAME",
    "MaintenanceSection": "maintenance[]",
    "JournalSection": "journal",
    "PricesSection": "prices",
    "PriceSection": "price",
    "TimeoutsSection": "timeouts",
    "SloSection": "slo",
    "SuspicionSection": "suspicion",
    "LatencyObjectiveSection": "slo.time_to_first_token, slo.duration",
    "ThroughputObjectiveSection": "slo.throughput",
    "ExpectSection": "expect",
    "MessageSection": "messages[]",
    "JsonExpectation": "expect.json",
    "AuthSection": "auth",
    "CredentialSection": "credential",
    "SecretFile": "a secret in a file",
}
"""The headings in the order of the page."""

_TOP_KEYS: Final = (
    *("vantage", "budget", "defaults", "classes", "egress", "providers", "targets", "discover", "groups"),
    *("contracts", "status_pages", "maintenance", "journal", "prices", "include"),
)
"""The order of the keys on the page."""

_INTRODUCTION: Final = """\
# Configuration

This page is generated from the schema: change `exporter/aiprobe/config/schema/` and run `make docs`.

A configuration is one YAML file, which can include others. An unknown key is an error.

| command | result |
|---|---|
| `aiprobe init` | writes a first configuration |
| `aiprobe check --config.file aiprobe.yml` | prints the daily cost, or problems as `file:line: path: problem; hint` |
| `aiprobe check --schema` | prints a JSON Schema for editors |

- **Durations** are `500ms`, `30s`, `5m`, `1h30m`, `1d`, or a number of seconds.
- **Objectives** are percentages above 93.06. The fast burn alert fires at 14.4 times the error budget. With a lower
  objective it could not fire, even in a complete outage.
- **Variables**: `"${NAME}"` and `"${NAME:-default}"` are replaced by environment variables in any value, `$$` by a
  dollar sign. The value of a variable is inserted as text and never parsed as YAML. A variable that is unset or empty
  is an error. Quote it inside `{ }` and `[ ]`.
- **Secrets** are variables or `{file: path}`, and are shown nowhere. The value of a variable is a secret, except in
  names, labels, numbers and paths. The values of headers are always secret.
- **Paths** are relative to the file that contains them.
- **Inheritance**: the first of these levels that sets a key determines its value: the target, its class, the `defaults`
  of its provider, its provider's `slo`, the `defaults` of its file, the `defaults` of the main file, the built-in
  value.
  `labels`, `timeouts`, `slo` and `suspicion` are inherited key by key.
- **Anchors**: top-level keys that begin with `x-` are ignored. They can contain YAML anchors (`&name`) for aliases
  (`*name`, `<<`).
"""


def render() -> str:
    """Return the text of docs/configuration.md."""
    schema = json_schema()
    definitions = schema["$defs"]
    top = {**schema, "properties": {name: schema["properties"][name] for name in _TOP_KEYS}}
    parts = [_INTRODUCTION, _section("The file", top, schema["description"], definitions)]
    parts += [
        _section(f"`{title}`", definitions[name], definitions[name]["description"], definitions)
        for name, title in TITLES.items()
    ]
    parts.append(_catalogue())
    return "\n".join(parts)


def _section(title: str, schema: Any, description: str, definitions: Any) -> str:
    required = set(schema.get("required", ()))
    rows = [f"## {title}", "", description, "", "| key | type | default | meaning |", "|---|---|---|---|"]
    for name, entry in schema["properties"].items():
        default = "required" if name in required else _default(entry)
        meaning = entry.get("description") or definitions[entry["$ref"].rsplit("/", 1)[-1]]["description"]
        rows.append(f"| `{name}` | {_type(entry)} | {default} | {_cell(meaning)} |")
    return "\n".join([*rows, ""])


def _default(entry: Any) -> str:
    value = entry.get("default")
    if value is None or value in ("", [], {}) or "$ref" in entry:
        return ""
    if isinstance(value, str) and (value.startswith("(") or "`" in value or " " in value.strip()):
        return _cell(value)
    return f"`{_cell(value if isinstance(value, str) else json.dumps(value))}`"


def _type(entry: Any) -> str:
    if "$ref" in entry:
        return (
            f"[{TITLES[entry['$ref'].rsplit('/', 1)[-1]].split(',')[0]}](#{_anchor(entry['$ref'].rsplit('/', 1)[-1])})"
        )
    if entry.get("$comment") == "duration":
        return "duration"
    for union in ("anyOf", "oneOf"):
        if union in entry:
            kinds = [_type(option) for option in entry[union] if option.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    kind = entry.get("type")
    if kind == "array":
        return f"list of {_type(entry['items'])}"
    if kind == "object":
        values = entry.get("additionalProperties")
        return f"mapping to {_type(values)}" if isinstance(values, dict) else "mapping"
    if isinstance(kind, list):
        return " or ".join(_WORDS[one] for one in kind)
    return _WORDS.get(str(kind), "any value")


_WORDS: Final = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def _anchor(definition: str) -> str:
    """The address that GitHub gives a heading: lower case, blanks to dashes, other punctuation dropped."""
    title = TITLES[definition].lower().replace(" ", "-")
    return "".join(character for character in title if character.isalnum() or character in "-_")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _catalogue() -> str:
    rows = [
        "## The provider catalogue",
        "",
        "A provider whose name, or whose `preset`, is one of these needs only its key.",
        "",
        "| preset | label `provider` | protocol | base_url | key variable | cheapest chat model |",
        "|---|---|---|---|---|---|",
    ]
    for preset in presets().values():
        name = "(your key)" if preset.is_named_by_key else preset.name
        cells = (preset.key, name, preset.protocol, preset.base_url, preset.key_variable, preset.model)
        rows.append("| " + " | ".join(f"`{cell}`" if cell else "(yours)" for cell in cells) + " |")
    return "\n".join([*rows, ""])
