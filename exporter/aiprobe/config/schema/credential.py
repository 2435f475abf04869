"""The YAML of a credential that changes."""

from typing import Literal

from pydantic import Field

from aiprobe.config.schema.base import Section, key
from aiprobe.config.values import Duration, Name


class CredentialSection(Section):
    """The source of a credential that changes while aiprobe runs. It is renewed before it expires."""

    source: Literal["google", "azure", "aws", "command", "file"] = Field(
        description="google: application default credentials; azure: Entra ID's default chain; aws: the standard chain,"
        " and every request is signed (SigV4); command: the output of a command; file: what a file holds at the time."
        " The first three need the extras aiprobe[gcp], aiprobe[azure] and aiprobe[aws]."
    )
    file: str | None = key(
        "file: holds the token, alone or in JSON. google: a service account or workload identity file, in place of"
        " the default credentials. Relative to the configuration."
    )
    command: list[str] | None = key(
        "command: the program and its arguments, run without a shell; it prints the token, alone or in the JSON of"
        " gcloud, az, kubectl or OAuth."
    )
    lifetime: Duration | None = key("file, command: how long a token without an expiry is used.", shown="30s, 5m")
    scope: Name | None = key("google, azure: the scope to ask for.", shown="(the cloud's usual one)")
    profile: Name | None = key("aws: a profile of the shared configuration files.")
    region: Name | None = key("aws: the region that requests are signed for.", shown="(from base_url)")
    service: Name | None = key("aws: the service that requests are signed for.", shown="(from base_url, else bedrock)")
