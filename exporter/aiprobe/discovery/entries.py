"""From the answer of a source to its entries: one function for each kind."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from aiprobe.core.discovered import Entry, SourceKind

_LONGEST_VALUE: Final = 1000
_PROBES: Final = {"chat": "chat", "completion": "chat", "responses": "chat", "": "chat", "embedding": "embeddings"}
"""LiteLLM's modes with a kind of probe; models of other modes, such as images, are no entries.
Source: `mode` in model_prices_and_context_window.json of LiteLLM, read on 2026-11-29."""
_COSTS: Final = {"__input_usd": "input_cost_per_token", "__output_usd": "output_cost_per_token"}
_REGIONS: Final = ("region_name", "aws_region_name", "vertex_location", "watsonx_region_name")


def _groups(value: Any) -> Iterator[Entry]:
    """Yield the entries of Prometheus' file_sd and HTTP SD: a list of targets with labels."""
    for group in _a_list(value):
        labels = _texts(group.get("labels") or {})
        for address in _a_list(group["targets"]):
            yield Entry(id=_text(address), labels={**labels, "address": address})


def _models(value: Any) -> Iterator[Entry]:
    """Yield the entries of an OpenAI-compatible list of models; in LiteLLM's, a model can have its mode."""
    for model in _a_list(value["data"]):
        name, mode = _text(model["id"]), model.get("mode")
        probe = _PROBES.get(mode or "")
        if probe is not None:
            labels = {"model": name, "owner": model.get("owned_by"), "probe": probe, "mode": mode}
            yield Entry(id=name, labels=_texts(labels))


def _deployments(value: Any) -> Iterator[Entry]:
    """Yield the entries of LiteLLM's `/model/info`; of several deployments of a model, the first counts."""
    rows = _a_list(value["data"])
    expanded = _expanded(rows)
    for model in rows:
        name, info, parameters = _text(model["model_name"]), model.get("model_info") or {}, model["litellm_params"]
        probe = _PROBES.get(info.get("mode") or "")
        if probe is None or "*" in name or info.get("id") in expanded:
            continue
        tags = parameters.get("tags") or info.get("tags") or ()
        region = next((parameters[key] for key in _REGIONS if parameters.get(key)), "")
        labels = {
            "model": name,
            "probe": probe,
            "mode": info.get("mode") or "chat",
            "owner": info.get("owner") or info.get("owned_by") or info.get("litellm_provider"),
            "tags": ",".join(map(str, tags)) if isinstance(tags, list) else "",
            "region": region,
            **_price(info, parameters),
        }
        yield Entry(id=name, labels=_texts(labels))


def _expanded(rows: Sequence[Any]) -> frozenset[str]:
    """Return the ids of wildcard routes, which LiteLLM lists as one row for each model of the provider in its own list.

    All rows of a route have the id of its one deployment. Source: `expand_wildcard_deployments_for_model_info` in
    model_checks.py of LiteLLM 1.108.7, read on 2026-11-29.
    """
    names = defaultdict[str, set[str]](set)
    for row in rows:
        if own := (row.get("model_info") or {}).get("id"):
            names[own].add(row["model_name"])
    return frozenset(own for own, found in names.items() if len(found) > 1)


def _price(info: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the price of a deployment in USD per million tokens; nothing where LiteLLM states none.

    LiteLLM also lists 0 for a model whose price it does not know. A 0 is a price only where the operator stated it: in
    `litellm_params`, or in `model_info`, whose stated keys are in `pricing_overrides` (LiteLLM 1.108.7).
    """
    costs = {label: _per_million(info.get(key)) for label, key in _COSTS.items()}
    stated = {key for key, value in parameters.items() if value is not None} | {*(info.get("pricing_overrides") or ())}
    if not any(costs.values()) and stated.isdisjoint(_COSTS.values()):
        return {}
    return {label: f"{usd:.6g}" for label, usd in costs.items()}


def _per_million(usd: Any) -> float:
    is_price = isinstance(usd, int | float) and not isinstance(usd, bool) and 0 <= usd < 1
    return usd * 1e6 if is_price else 0.0


READERS: Final[Mapping[SourceKind, Callable[[Any], Iterator[Entry]]]] = {
    "file": _groups,
    "http": _groups,
    "models": _models,
    "litellm": _deployments,
}
"""They raise ValueError, KeyError, TypeError or AttributeError for an answer of another form."""


def _a_list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST_VALUE:
        raise TypeError("not a text")
    return value


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str) and len(value) <= _LONGEST_VALUE}
