"""Azure OpenAI's classic form: a path for each deployment and an `api-version`. The v1 form is plain `openai-chat`."""

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from aiprobe.core.model import Provider
from aiprobe.protocols.base import Ask, Failure, HeadFacts, Reader, ReplyHead, Request
from aiprobe.protocols.openai_chat import OpenAIChat
from aiprobe.protocols.request import get, path_below

API_VERSION: Final = "2024-10-21"
"""The last generally available version of the classic form."""


class AzureOpenAIClassic:
    """The protocol `azure-openai-classic`; a target's model is the name of its deployment."""

    name: Final = "azure-openai-classic"
    _plain: Final = OpenAIChat()

    def request(self, provider: Provider, ask: Ask) -> Request:
        """Build the request that asks `ask`."""
        deployment = quote(ask.model, safe="")
        path = f"/openai/deployments/{deployment}/chat/completions?api-version={API_VERSION}"
        return replace(self._plain.request(provider, ask), path=path_below(provider.base_url, path))

    def models_request(self, provider: Provider) -> Request:
        """Build the request of the zero-cost list endpoint."""
        return get(provider, path=f"/openai/models?api-version={API_VERSION}")

    def reader(self, *, stream: bool) -> Reader:
        """Return a fresh reader for one 2xx reply."""
        return self._plain.reader(stream=stream)

    def content_types(self, *, stream: bool) -> frozenset[str]:
        """Return the media types that a 2xx reply may have."""
        return self._plain.content_types(stream=stream)

    def head(self, provider: Provider, head: ReplyHead) -> HeadFacts:
        """Read the headers of a reply."""
        return self._plain.head(provider, head)

    def failure(self, head: ReplyHead, body: bytes) -> Failure:
        """Say what a reply with a status outside 2xx means."""
        return self._plain.failure(head, body)
