"""The status pages that the simulator serves: which software each runs on, and the real ids and names of its parts.

Data only. Source: the providers' own pages as of October 2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

PageKind = Literal["statuspage", "incidentio", "google", "betterstack", "aws", "azure", "xai", "datadog", "cloudflare"]

INCIDENTS_ONLY: Final[frozenset[PageKind]] = frozenset({"google", "aws", "azure", "xai"})
"""Kinds that list no components: an incident declares what is down there, and maintenance is not declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSpec:
    """One part of a service, as its page calls it."""

    id: str
    name: str
    group: str = ""
    """The id of the group that it stands in."""
    in_summary: bool = True
    """Some parts are only in the long list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSpec:
    """One status page."""

    name: str
    """Its place: `/status/{name}/...`."""
    kind: PageKind
    title: str
    home: str
    """The address that the page gives for itself."""
    components: tuple[ComponentSpec, ...]
    groups: Mapping[str, str]
    """Name by id."""
    page_id: str = ""
    terse: bool = False
    """incident.io: the compatible summary has neither incidents nor maintenances."""

    def find(self, word: str) -> ComponentSpec | None:
        """Return the component with this id, else this name, else the only one whose name begins so."""
        wanted = word.casefold()
        for one in self.components:
            if word == one.id or wanted == one.name.casefold():
                return one
        begun = [one for one in self.components if wanted and one.name.casefold().startswith(wanted)]
        return begun[0] if len(begun) == 1 else None


def _page(
    name: str,
    kind: PageKind,
    title: str,
    home: str,
    components: Mapping[str, str],
    *,
    page_id: str = "",
    **more: bool,
) -> PageSpec:
    parts = tuple(ComponentSpec(id=one, name=called) for one, called in components.items())
    return PageSpec(name=name, kind=kind, title=title, home=home, components=parts, groups={}, page_id=page_id, **more)


_APIS: Final = "01K5H8S53SY1KMS4GQMNMQM1K5"
_CHATGPT: Final = "01K5H8S53SY1KMS4GQMNMZXTR1"
_OPENAI_APIS: Final[Mapping[str, str]] = {
    "01JMXBRMFE6N2NNT7DG6XZQ6PW": "Chat Completions",
    "01JP8CD9JR3HR6Y7G4Q75N4DVW": "Responses",
    "01JMXBRMFEV0AJ0VVS68N9CD6R": "Embeddings",
    "01JMXBRMFEQW613TFE89F45035": "Realtime",
    "01JMXBRMFE4MAP2BHSJNZ787WX": "Images",
    "01JMXBRMFEKVBWKK82B44QFMCE": "Audio",
    "01JMXBRMFE5ESNNV8JDHVCGSRD": "Batch",
    "01JMXBRMFESJCBGJR10PDD3WCQ": "Files",
    "01JMXBRMFEMZK0HPK19RYET250": "Fine-tuning",
    "01JMXBRMFEVZ7E0X9GD9FWR9WX": "Moderations",
}
_OPENAI_CHATGPT: Final[Mapping[str, str]] = {
    "01JSM5RTJWHRWDTS6Q604VEW3B": "Login",
    "01JMXBNJXGV1T5GT2M9XA83XNG": "Conversations",
    "01JMXBNJXGKKP51D4DEJ2HZJ8Q": "Search",
    "01JSG1XMJ9RVJJQ0E85NVSJ2AZ": "Agent",
    "01JSYVYQSWMJ9QG35XHP08BHA7": "Deep Research",
    "01JMXBNJXG1YMQPPCPCQX3MPA2": "File uploads",
    "01JMXBNJXGGT5SR5DB9J7GYY48": "Voice mode",
    "01K6TVGGGDCP0PPGCHXAG3AQX8": "Connectors/Apps",
}
_OPENAI_MORE: Final[Mapping[str, str]] = {
    "01K9G527YRPY1EFRMHTKB5BKT5": "Sora",
    "01K8C008QVXHA6JX98PAS42VPD": "ChatGPT Atlas",
    "01JVCV8YSWZFRSM1G5CVP253SK": "Codex Web",
    "01KMP3KP5MGE23B80K1EK4S8PV": "Codex API",
    "01KMP3KP5M8X0EBTVW6KN327EE": "VS Code extension",
    "01KMKFAMWKQ81YWSE1Z18R6VHR": "Codex in ChatGPT Desktop",
    "01JNKS9D9S72PMP1938PVFFQN4": "Compliance API",
    "01KKAD7C71MCCH3FTREMJH4AAS": "FedRAMP",
    "01KVR95C58GGWHV7RYBT32NP11": "Ads API",
    "01KX45G1SHQQ9DTAX9S4W7FV8G": "Sites",
}
_ONLY_IN_THE_LONG_LIST: Final = frozenset({"Codex Web"})


def _openai() -> PageSpec:
    parts = [
        ComponentSpec(id=one, name=name, group=group, in_summary=name not in _ONLY_IN_THE_LONG_LIST)
        for group, listed in ((_APIS, _OPENAI_APIS), (_CHATGPT, _OPENAI_CHATGPT), ("", _OPENAI_MORE))
        for one, name in listed.items()
    ]
    return PageSpec(
        name="openai",
        kind="incidentio",
        title="OpenAI",
        home="https://status.openai.com",
        components=tuple(parts),
        groups={_APIS: "APIs", _CHATGPT: "ChatGPT"},
        page_id="01JMDK9XYNY6RXSED6SDWW50WY",
        terse=True,
    )


_ALL: Final = (
    _page(
        "claude",
        "statuspage",
        "Claude",
        "https://status.claude.com",
        {
            "rwppv331jlwc": "claude.ai",
            "0qbwn08sd68x": "Claude Console (platform.claude.com)",
            "k8w3r06qmzrp": "Claude API (api.anthropic.com)",
            "yyzkbfz2thpt": "Claude Code",
            "bpp5gb3hpjcl": "Claude Cowork",
            "0scnb50nvy53": "Claude for Government",
        },
        page_id="tymt9n04zgry",
    ),
    _openai(),
    _page("groq", "incidentio", "Groq", "https://groqstatus.com", {"01K053E2FAKWKEYHXEV7WAHJBM": "API"}),
    _page("cohere", "incidentio", "Cohere", "https://status.cohere.com", {"01HQ6CA39NZ5X3PRFPN71Q89TE": "API"}),
    _page(
        "deepseek",
        "statuspage",
        "DeepSeek",
        "https://status.deepseek.com",
        {"j4n367d9mh3x": "API Service", "q7w5c2tz9kbd": "Web Chat Service"},
    ),
    _page(
        "together",
        "betterstack",
        "Together AI",
        "https://status.together.ai",
        {"8301": "Chat API", "8302": "Embeddings API", "8303": "Playground"},
        page_id="230001",
    ),
    _page(
        "openrouter",
        "datadog",
        "OpenRouter",
        "https://status.openrouter.ai",
        {
            "62d944d3-1acb-471b-81a0-099b3da0164f": "API - Gateway",
            "2347916e-1f82-448c-b07d-8cfbbad57322": "Web & Application Services",
        },
        page_id="3bdfe680-d6e4-4a0b-9c04-c25058c342e0",
    ),
    _page(
        "replicate",
        "cloudflare",
        "Cloudflare",
        "https://www.cloudflarestatus.com",
        {"fvgfcmy66tdr": "Replicate", "8sn3x1jv3wqk": "Workers"},
    ),
    _page(
        "google",
        "google",
        "Google Cloud",
        "https://status.cloud.google.com",
        {
            "Z0FZJAMvEB4j3NbCJs6B": "Vertex Gemini API",
            "sdXM79fz1FS6ekNpu37K": "Vertex AI Online Prediction",
            "cxUh24jPxEXgyRlaVhuk": "Gemini Enterprise",
            "deUeOEPYanfJ9w8cpyBJ": "Gemini Code Assist",
            "zeBmbgdSyHGTvPAiXwVS": "Imagen",
            "p5rCvyraXdeC6HFE8XJJ": "Veo",
            "5ca2HM3qzeRulGMXksCD": "Provisioned Throughput",
        },
    ),
    _page(
        "aws",
        "aws",
        "AWS Health",
        "https://health.aws.amazon.com",
        {
            "bedrock-us-east-1": "Amazon Bedrock (N. Virginia)",
            "bedrock-us-west-2": "Amazon Bedrock (Oregon)",
            "bedrock-eu-central-1": "Amazon Bedrock (Frankfurt)",
            "ec2-us-east-1": "Amazon Elastic Compute Cloud (N. Virginia)",
        },
    ),
    _page(
        "azure",
        "azure",
        "Azure",
        "https://azure.status.microsoft",
        {"azure-openai": "Azure OpenAI", "ai-services": "Azure AI Services", "virtual-machines": "Virtual Machines"},
    ),
    _page(
        "xai",
        "xai",
        "xAI",
        "https://status.x.ai",
        {"api": "API", "grok": "Grok", "console": "Console"},
    ),
)
PAGES: Final[Mapping[str, PageSpec]] = {page.name: page for page in _ALL}
"""Every page by its name. The second component of DeepSeek, Together's, Azure's and xAI's ids are made up."""
ALIASES: Final[Mapping[str, str]] = {"google-cloud": "google"}
"""Other names under which a page is found."""


def page_named(name: str) -> PageSpec | None:
    """Return the page of that name or alias."""
    return PAGES.get(ALIASES.get(name, name))
