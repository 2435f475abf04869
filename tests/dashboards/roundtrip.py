"""Grafana's own types as an independent check: what they do not know is lost on the way through them."""

import json
import warnings
from typing import Any

with warnings.catch_warnings():
    # The SDK would rather have schema v2 boards, which Grafana 10.4 cannot load.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard


def through_the_sdk(board: Any) -> Any:
    """Return a board after it was read into Grafana's types and written again."""
    register_default_plugins()
    return json.loads(json.dumps(Dashboard.from_json(json.loads(json.dumps(board))), cls=JSONEncoder))


def lost(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Return the places at which a value of ours did not come back."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        missing = [f"{path}.{key}" for key in ours if key not in theirs and ours[key] is not None]
        return missing + [one for key in ours if key in theirs for one in lost(ours[key], theirs[key], f"{path}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [one for at, (mine, yours) in pairs for one in lost(mine, yours, f"{path}[{at}]")]
    return [] if ours == theirs else [f"{path}: {ours!r} became {theirs!r}"]
