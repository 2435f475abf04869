"""What a path means, for any name of a provider."""

import pytest

from aiprobe_simulator.paths import Place, place_of


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("POST", "/anthropic/v1/messages", {}, ("anthropic", "chat", "anthropic-messages", "")),
        ("POST", "/openai/v1/chat/completions", {}, ("openai", "chat", "openai-chat", "")),
        ("POST", "/groq/openai/v1/chat/completions", {}, ("groq", "chat", "openai-chat", "")),
        ("POST", "/deepseek/chat/completions", {}, ("deepseek", "chat", "openai-chat", "")),
        ("POST", "/openai/v1/responses", {}, ("openai", "chat", "openai-responses", "")),
        ("POST", "/my-vllm/v1/embeddings", {}, ("my-vllm", "embeddings", "openai-embeddings", "")),
        ("POST", "/gemini/v1beta/models/g-2:generateContent", {}, ("gemini", "chat", "gemini", "")),
        ("POST", "/gemini/v1/models/g-2:streamGenerateContent", {}, ("gemini", "chat", "gemini", "")),
        ("GET", "/anthropic/v1/models", {"anthropic-version": "x"}, ("anthropic", "models", "anthropic-messages", "")),
        ("GET", "/gemini/v1beta/models", {}, ("gemini", "models", "gemini", "")),
        ("GET", "/gemini/v1/models", {"x-goog-api-key": "k"}, ("gemini", "models", "gemini", "")),
        ("GET", "/mistral/v1/models", {}, ("mistral", "models", "openai-chat", "")),
        ("GET", "/openai/v1/models/gpt-4", {}, ("openai", "models", "openai-chat", "gpt-4")),
        ("GET", "/web/claude.ai", {}, ("claude.ai", "web", None, "")),
        ("HEAD", "/web/claude.ai/login", {}, ("claude.ai", "web", None, "login")),
        ("GET", "/egress/7", {}, ("egress", "egress", None, "7")),
    ],
)
def test_the_end_of_a_path_tells_the_protocol(
    method: str, path: str, headers: dict[str, str], expected: tuple[str, str, str | None, str]
) -> None:
    place = place_of(method, path, headers)
    assert place is not None
    assert (place.provider, place.kind, place.wire, place.rest) == expected


def test_a_key_in_the_query_is_googles() -> None:
    assert place_of("GET", "/x/v1/models", {}, has_key_parameter=True) == Place(
        provider="x", kind="models", wire="gemini"
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/anthropic/v1/messages"),
        ("POST", "/web/x"),
        ("POST", "/openai/v1/models"),
        ("PUT", "/x/responses"),
        ("GET", "/x"),
    ],
)
def test_what_nobody_serves_is_nothing(method: str, path: str) -> None:
    assert place_of(method, path, {}) is None
