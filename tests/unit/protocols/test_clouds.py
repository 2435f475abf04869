"""The same words in other places: Gemini and Claude on Vertex AI, OpenAI on Azure."""

import json

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Finish
from tests.unit.protocols.builders import a_head, a_provider, an_ask, named, read, recorded

VERTEX = "https://europe-west1-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west1"
AZURE = "https://res.openai.azure.com"


@pytest.mark.parametrize(
    ("protocol", "model", "stream", "path"),
    [
        ("vertex-gemini", "gemini-2.5-flash", True, "google/models/gemini-2.5-flash:streamGenerateContent?alt=sse"),
        ("vertex-gemini", "gemini-2.5-flash", False, "google/models/gemini-2.5-flash:generateContent"),
        (
            "vertex-anthropic",
            "claude-haiku-4-5@20251001",
            True,
            "anthropic/models/claude-haiku-4-5@20251001:streamRawPredict",
        ),
        ("vertex-anthropic", "claude/../x?y", False, "anthropic/models/claude%2F..%2Fx%3Fy:rawPredict"),
    ],
)
def test_a_model_on_vertex_stands_under_its_publisher(protocol: str, model: str, path: str, *, stream: bool) -> None:
    request = PROTOCOLS[protocol].request(a_provider(base_url=VERTEX), an_ask(model=model, stream=stream))
    assert request.path == f"/v1/projects/p-1/locations/europe-west1/publishers/{path}"


def test_gemini_on_vertex_is_asked_as_gemini_is() -> None:
    ours = PROTOCOLS["vertex-gemini"].request(a_provider(base_url=VERTEX), an_ask(reasoning="0"))
    plain = PROTOCOLS["gemini"].request(a_provider(base_url="https://g.test"), an_ask(reasoning="0"))
    assert (ours.body, ours.headers) == (plain.body, plain.headers)


def test_claude_on_vertex_has_its_version_in_the_body_and_no_model() -> None:
    ask = an_ask(model="claude-x", reasoning="disabled", extra_body={"top_k": 1})
    request = PROTOCOLS["vertex-anthropic"].request(a_provider(base_url=VERTEX), ask)
    assert json.loads(request.body) == {
        "anthropic_version": "vertex-2023-10-16",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "Say NONCE0001"}],
        "stream": True,
        "thinking": {"type": "disabled"},
        "top_k": 1,
    }
    assert "anthropic-version" not in dict(request.headers)


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        (VERTEX, "/v1beta1/publishers/google/models?pageSize=1"),
        (
            "http://gateway.test/vertex/v1/projects/p/locations/global",
            "/vertex/v1beta1/publishers/google/models?pageSize=1",
        ),
        ("http://gateway.test/other", "/other/v1beta1/publishers/google/models?pageSize=1"),
    ],
)
def test_the_list_of_models_on_vertex_belongs_to_no_project(base_url: str, path: str) -> None:
    assert PROTOCOLS["vertex-gemini"].models_request(a_provider(base_url=base_url)).path == path


def test_the_operators_own_list_endpoint_wins() -> None:
    provider = a_provider(base_url="http://gateway.test/x", models_path="/mine")
    assert PROTOCOLS["vertex-anthropic"].models_request(provider).path == "/x/mine"


def test_replies_on_vertex_are_read_as_those_of_the_model_family() -> None:
    name = "recorded/generativelanguage.googleapis.com_gemini_2.5_flash_streamGenerateContent.sse"
    assert read("vertex-gemini", recorded(name)).events == read("gemini", recorded(name)).events
    claude = recorded("recorded/api.anthropic.com_messages.sse")
    assert read("vertex-anthropic", claude).events == read("anthropic-messages", claude).events
    overloaded = named({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    assert read("vertex-anthropic", overloaded).outcome is Outcome.OVERLOADED


@pytest.mark.parametrize("protocol", ["vertex-gemini", "vertex-anthropic"])
@pytest.mark.parametrize(
    ("status", "word", "outcome"),
    [
        (401, "UNAUTHENTICATED", Outcome.AUTH),
        (403, "PERMISSION_DENIED", Outcome.AUTH),
        (404, "NOT_FOUND", Outcome.NOT_FOUND),
        (429, "RESOURCE_EXHAUSTED", Outcome.RATE_LIMITED),
        (503, "UNAVAILABLE", Outcome.OVERLOADED),
    ],
)
def test_googles_own_errors_are_read_whoever_made_the_model(
    protocol: str, status: int, word: str, outcome: Outcome
) -> None:
    body = {"error": {"code": status, "message": "no", "status": word}}
    assert PROTOCOLS[protocol].failure(a_head(status), json.dumps(body).encode()).outcome is outcome


def test_azures_classic_form_has_a_path_for_each_deployment() -> None:
    provider = a_provider(base_url=AZURE, protocol="azure-openai-classic")
    request = PROTOCOLS["azure-openai-classic"].request(provider, an_ask(model="my deployment"))
    assert request.path == "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21"
    listed = PROTOCOLS["azure-openai-classic"].models_request(provider)
    assert listed.path == "/openai/models?api-version=2024-10-21"


def test_azures_first_chunk_without_choices_is_no_content() -> None:
    lines = recorded("chunks/azure-chat-model-router.chunks.txt").splitlines()
    told = read(
        "azure-openai-classic", *(b"data: %s\n\n" % line for line in lines if line.strip()), b"data: [DONE]\n\n"
    )
    assert told.text
    assert (told.finish, told.ended, told.outcome) == (Finish.STOP, True, None)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (401, {"error": {"code": "401", "message": "Access denied due to invalid subscription key"}}, Outcome.AUTH),
        (401, {"statusCode": 401, "message": "Unauthorized"}, Outcome.AUTH),
        (404, {"error": {"code": "DeploymentNotFound", "message": "no"}}, Outcome.NOT_FOUND),
        (429, {"error": {"code": "429", "message": "Requests have exceeded call rate limit"}}, Outcome.RATE_LIMITED),
        (429, {"error": {"code": "NoCapacity", "message": "too many requests for this model"}}, Outcome.OVERLOADED),
        (
            400,
            {"error": {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
            Outcome.CONTENT_FILTERED,
        ),
    ],
)
def test_azures_error_shapes(status: int, body: dict[str, object], outcome: Outcome) -> None:
    assert PROTOCOLS["azure-openai-classic"].failure(a_head(status), json.dumps(body).encode()).outcome is outcome


def test_azure_tells_where_it_serves_and_from_which_deployment_a_request_spilled_over() -> None:
    head = a_head(
        200, x_ms_region="Sweden Central", x_ms_deployment_name="standard-2", x_ms_spillover_from_deployment="ptu-1"
    )
    facts = PROTOCOLS["azure-openai-classic"].head(a_provider(), head)
    assert (facts.provider_region, facts.deployment, facts.spilled_from) == ("SwedenCentral", "standard-2", "ptu-1")
