"""Google Cloud's Vertex AI: Gemini and Claude under one project and location, with a Google token instead of a key.

Bodies are Gemini's and Anthropic's own; only paths differ, and Claude's model moves from the body into the path.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import quote, urlsplit

from aiprobe.core.model import Provider
from aiprobe.protocols.anthropic import ANTHROPIC_MESSAGES, FORMS, message_body
from aiprobe.protocols.base import Ask, Request
from aiprobe.protocols.gemini import GEMINI
from aiprobe.protocols.request import get, post

VERSION: Final = "vertex-2023-10-16"
"""The version of the Messages API that every model on Vertex AI supports."""
_PROJECT: Final = re.compile(r"(?:/v\d\w*)?/projects/.*$")
_LIST_VERSION: Final = "/v1beta1"


def _ask_gemini(provider: Provider, ask: Ask) -> Request:
    call = "streamGenerateContent?alt=sse" if ask.stream else "generateContent"
    return replace(GEMINI.request(provider, ask), path=_model_path(provider, "google", ask.model, call))


def _ask_claude(provider: Provider, ask: Ask) -> Request:
    body = {"anthropic_version": VERSION, **message_body(ask)}
    del body["model"]
    call = "streamRawPredict" if ask.stream else "rawPredict"
    request = post(provider, ask, path="/", body=body, forms=FORMS)
    return replace(request, path=_model_path(provider, "anthropic", ask.model, call))


def _model_path(provider: Provider, publisher: str, model: str, call: str) -> str:
    base = urlsplit(provider.base_url).path.rstrip("/")
    return f"{base}/publishers/{publisher}/models/{quote(model.removeprefix('models/'), safe='@')}:{call}"


def _list(provider: Provider, publisher: str) -> Request:
    request = get(provider, path="/")
    if provider.models_path:
        return request
    root = _PROJECT.sub("", urlsplit(provider.base_url).path.rstrip("/"))
    return replace(request, path=f"{root}{_LIST_VERSION}/publishers/{publisher}/models?pageSize=1")


VERTEX_GEMINI: Final = replace(
    GEMINI, name="vertex-gemini", request=_ask_gemini, models_request=partial(_list, publisher="google")
)
"""Gemini in `{base_url}/publishers/google`."""
VERTEX_ANTHROPIC: Final = replace(
    ANTHROPIC_MESSAGES,
    name="vertex-anthropic",
    request=_ask_claude,
    models_request=partial(_list, publisher="anthropic"),
)
"""The Messages API in `{base_url}/publishers/anthropic`; an error of what is in front of Claude is Google's."""
