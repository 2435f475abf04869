"""The public statistics of a router about one model: how many requests of all its users each provider answered.

Source: OpenRouter's `/api/v1/models/AUTHOR/SLUG/endpoints`
(https://openrouter.ai/docs/client-sdks/typescript/models/publicendpoint, read 2026-11-29): `uptime_last_30m` is a
percentage, null without traffic. Nothing of the text becomes a label: model and provider are the configuration's.
"""

import math
from collections.abc import Mapping
from typing import Any

from aiprobe.core.statuspage import Reading
from aiprobe.statuspages.base import MAX_COMPONENTS, PageError
from aiprobe.statuspages.values import a_line, an_object, document, fields, objects


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:
    """Return the uptime of the endpoints that the option `endpoint` names, their mean; without it that of all.

    Raises:
        PageError: for anything that is no such list, or that lacks the endpoint.
    """
    data = fields(an_object(document(body), "page").get("data"))
    if not isinstance(data.get("endpoints"), list):
        raise PageError("not a list of a model's endpoints")
    wanted = options.get("endpoint", "").casefold()
    listed = [one for one in objects(data["endpoints"])[:MAX_COMPONENTS] if _is_wanted(one, wanted)]
    if not listed:
        raise PageError("the endpoint is not listed" if wanted else "no endpoint is listed")
    ratios = [ratio for one in listed if (ratio := _ratio(one.get("uptime_last_30m"))) is not None]
    return Reading(
        components=(),
        incidents=(),
        maintenances=(),
        updated_timestamp_seconds=None,
        components_known=False,
        uptime_ratio=sum(ratios) / len(ratios) if ratios else None,
    )


def _is_wanted(endpoint: Mapping[str, Any], wanted: str) -> bool:
    return not wanted or wanted in {a_line(endpoint.get(key)).casefold() for key in ("provider_name", "tag")}


def _ratio(percentage: object) -> float | None:
    if isinstance(percentage, bool) or not isinstance(percentage, int | float):
        return None
    return percentage / 100 if math.isfinite(percentage) and 0 <= percentage <= 100 else None
