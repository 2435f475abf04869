"""The YAML of a provider. Descriptions are the text of docs/configuration.md."""

from typing import Literal

from aiprobe.config.schema.base import SecretSource, Section, key
from aiprobe.config.schema.credential import CredentialSection
from aiprobe.config.schema.target import DefaultsSection, SloSection
from aiprobe.config.values import BaseUrl, Body, Name, Proxy, Url


class AuthSection(Section):
    """How a credential is sent."""

    header: Name = key("The name of the header with the key.", default="authorization")
    prefix: str | None = key("The text before the key in the header.", shown="`Bearer ` in authorization, else nothing")


class ProviderSection(Section):
    """One account at one provider. A preset has a default for every key; without one, give protocol and base_url."""

    preset: str | None = key(
        "An entry of the provider catalogue to start from. Not needed when the provider's own name is one.",
        shown="(its name)",
    )
    protocol: str | None = key(
        "The wire protocol: anthropic-messages, openai-chat, openai-responses, openai-embeddings, gemini and others;"
        " each has a page in docs/protocols."
    )
    base_url: BaseUrl | None = key("The base URL of the API, as in the provider's official SDK.")
    api_key: SecretSource | None = key(
        'The credential: "${NAME}" or {file: path}. A literal key works, with a warning. Without one, nothing is sent.'
    )
    credential: CredentialSection | None = key(
        "The source of a credential that changes while aiprobe runs; instead of api_key."
    )
    auth: AuthSection | None = key(
        "How the credential is sent.", shown={"header": "authorization", "prefix": "Bearer "}
    )
    headers: dict[str, SecretSource] = key(
        "More request headers. Values can come from variables and files as for api_key, and are treated as secrets.",
        default={},
    )
    name: Name | None = key(
        "The value of the label `provider`: OpenTelemetry's gen_ai.provider.name. A gateway or a server of your own"
        " has its key in this file. The label `account` is that key for every provider.",
        shown="(by the preset)",
    )
    display_name: Name | None = key("The name that people read.", shown="(the provider's name)")
    egress: bool | None = key(
        "false: reached without the Internet, so a failed egress check does not exclude its failures.", shown=True
    )
    proxy: Proxy | None = key(
        "An HTTP(S) proxy, `http://user:password@host:port`. Its password is treated as a secret."
    )
    ca_file: str | None = key(
        "A file of PEM certificates to trust instead of the system's; relative to the configuration."
    )
    tls_verify: bool = key("false: accept any certificate. For test environments only.", default=True)
    ip_family: Literal["any", "ipv4", "ipv6"] = key("The addresses of the host to use.", default="any")
    address_fallback: bool = key(
        "Try the host's next address when one does not connect. Each try is counted.",
        default=False,
    )
    token_cap_field: Literal["max_completion_tokens", "max_tokens"] | None = key(
        "The request field that caps the output (OpenAI-compatible protocols).", shown="max_completion_tokens"
    )
    include_usage: bool | None = key(
        "Ask for token counts in streams (`stream_options`); false for servers that reject it.", shown=True
    )
    models_path: str | None = key(
        "The path of the list endpoint for `models` probes, if it differs from the protocol's own."
    )
    request_id_headers: list[str] | None = key(
        "Response headers with the request id; the first one that is present is used."
    )
    extra_body: Body = key("Fields to merge into every request body; they replace aiprobe's own.", default={})
    status_page: Url | None = key("The provider's status page.")
    slo: SloSection | None = key("Objectives of all its targets.")
    defaults: DefaultsSection | None = key("Defaults of its targets, with precedence over the `defaults` of files.")
