"""Azure OpenAI's classic form: a path for each deployment and an `api-version`. The v1 form is plain `openai-chat`."""

from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import quote

from aiprobe.core.model import Provider
from aiprobe.protocols.base import Ask, Request
from aiprobe.protocols.openai_chat import OPENAI_CHAT
from aiprobe.protocols.request import get, path_below

API_VERSION: Final = "2024-10-21"
"""The last generally available version of the classic form."""


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that asks `ask`; its model is the name of a deployment."""
    deployment = quote(ask.model, safe="")
    path = f"/openai/deployments/{deployment}/chat/completions?api-version={API_VERSION}"
    return replace(OPENAI_CHAT.request(provider, ask), path=path_below(provider.base_url, path))


AZURE_OPENAI_CLASSIC: Final = replace(
    OPENAI_CHAT,
    name="azure-openai-classic",
    request=_request,
    models_request=partial(get, path=f"/openai/models?api-version={API_VERSION}"),
)
