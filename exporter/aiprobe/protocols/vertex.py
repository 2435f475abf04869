"""Google Cloud's Vertex AI: Gemini and Claude under one project and location, with a Google token instead of a key.

What is said is Gemini's and Anthropic's own; only paths differ, and Claude's model moves from the body into them.
"""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from aiprobe.core.model import Provider
from aiprobe.protocols.anthropic import AnthropicMessages, message_body
from aiprobe.protocols.base import Ask, Failure, HeadFacts, Reader, ReplyHead, Request
from aiprobe.protocols.gemini import Gemini
from aiprobe.protocols.request import get, post

VERSION: Final = "vertex-2023-10-16"
"""Of the Messages API on Vertex AI: the one that every model there knows."""
_PROJECT: Final = re.compile(r"(?:/v\d\w*)?/projects/.*$")
_LIST_VERSION: Final = "/v1beta1"


class VertexGemini:
    """The protocol `vertex-gemini`: Gemini in `{base_url}/publishers/google`."""

    name: Final = "vertex-gemini"
    _plain: Final = Gemini()

    def request(self, provider: Provider, ask: Ask) -> Request:
        """Build the request that asks `ask`."""
        request = self._plain.request(provider, ask)
        call = "streamGenerateContent?alt=sse" if ask.stream else "generateContent"
        return replace(request, path=_model_path(provider, "google", ask.model, call))

    def models_request(self, provider: Provider) -> Request:
        """Build the request of the list of Google's models, which belongs to no project."""
        return _list(provider, "google")

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


class VertexAnthropic:
    """The protocol `vertex-anthropic`: the Messages API in `{base_url}/publishers/anthropic`."""

    name: Final = "vertex-anthropic"
    _plain: Final = AnthropicMessages()

    def request(self, provider: Provider, ask: Ask) -> Request:
        """Build the request that asks `ask`."""
        body = {"anthropic_version": VERSION, **message_body(ask)}
        del body["model"]
        request = post(provider, ask, path="/", body=body)
        call = "streamRawPredict" if ask.stream else "rawPredict"
        return replace(request, path=_model_path(provider, "anthropic", ask.model, call))

    def models_request(self, provider: Provider) -> Request:
        """Build the request of the list of Anthropic's models, which belongs to no project."""
        return _list(provider, "anthropic")

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
        """Say what a reply with a status outside 2xx means; what is in front of Claude here is Google's."""
        return self._plain.failure(head, body)


def _model_path(provider: Provider, publisher: str, model: str, call: str) -> str:
    base = urlsplit(provider.base_url).path.rstrip("/")
    return f"{base}/publishers/{publisher}/models/{quote(model.removeprefix('models/'), safe='@')}:{call}"


def _list(provider: Provider, publisher: str, *, version: str = _LIST_VERSION) -> Request:
    request = get(provider, path="/")
    if provider.models_path:
        return request
    root = _PROJECT.sub("", urlsplit(provider.base_url).path.rstrip("/"))
    return replace(request, path=f"{root}{version}/publishers/{publisher}/models?pageSize=1")
