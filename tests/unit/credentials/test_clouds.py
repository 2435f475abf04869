"""The clouds' own libraries against services on this machine: what they find, how long it lasts, how it fails."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # it has no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # it has no types
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # it has no types
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from aiprobe.core.credential import Asked
from aiprobe.core.secret import Secret
from aiprobe.credentials.aws import RECHECK_SECONDS, STATIC_SECONDS, AwsChain, AwsKeys, signed
from aiprobe.credentials.azure import EntraToken
from aiprobe.credentials.base import SourceError
from aiprobe.credentials.google import GoogleToken
from aiprobe.credentials.threads import in_thread
from tests.unit.credentials.builders import a_cloud, until

pytestmark = pytest.mark.slow

CLOUD_VARIABLES = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "GOOGLE_APPLICATION_CREDENTIALS", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_CLIENT_ID", "AZURE_TENANT_ID",
    "AZURE_CLIENT_SECRET", "AZURE_TOKEN_CREDENTIALS",
)  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No account of whoever runs the tests is found, and no instance is asked."""
    for name in CLOUD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def now() -> float:
    return datetime.now(UTC).timestamp()


def test_aws_takes_keys_of_the_environment_and_looks_for_others_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = AwsChain(profile=None, wall=now)
    for number in ("1", "2"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKID{number}")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"secret{number}")
        lease = chain.fetch()
        assert lease.value == AwsKeys(access_key=f"AKID{number}", secret_key=Secret(f"secret{number}"))
        assert (lease.lifetime_seconds, lease.secrets) == (STATIC_SECONDS, (Secret(f"secret{number}"),))


def test_aws_takes_keys_of_a_profile(tmp_path: Path) -> None:
    text = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n"
    (tmp_path / "credentials").write_text(text + "[probe]\naws_access_key_id = C\naws_secret_access_key = D\n")
    assert AwsChain(profile="probe", wall=now).fetch().value.access_key == "C"
    assert AwsChain(profile=None, wall=now).fetch().value.access_key == "A"


def test_aws_without_credentials_or_with_an_unknown_profile_says_so() -> None:
    with pytest.raises(SourceError, match="AWS has no credentials"):
        AwsChain(profile=None, wall=now).fetch()
    with pytest.raises(SourceError, match="ProfileNotFound"):
        AwsChain(profile="nobody", wall=now).fetch()


async def test_aws_keys_of_a_container_are_renewed_by_their_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def keys() -> dict[str, Any]:
        ends = datetime.now(UTC) + timedelta(minutes=5)
        number = len(cloud.asked)
        return {"AccessKeyId": f"ASIA{number}", "SecretAccessKey": "s", "Token": f"session-{number}",
                "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}  # fmt: skip

    async with a_cloud(**{"/keys": keys}) as cloud:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{cloud.url}/keys")
        chain = AwsChain(profile=None, wall=now)
        first, second = await in_thread(chain.fetch), await in_thread(chain.fetch)
    # Five minutes are less than the fifteen that botocore wants, so that each look renews.
    assert first.value.access_key != second.value.access_key
    assert first.value.session_token is not None
    assert first.value.session_token in first.secrets
    assert second.lifetime_seconds == RECHECK_SECONDS


@pytest.mark.parametrize("token", [None, "session"])
def test_a_signature_is_botocores_own(monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-micro-v1%3A0/converse-stream"
    keys = AwsKeys(access_key="AKID", secret_key=Secret("secret"), session_token=Secret(token) if token else None)
    asked = Asked(method="POST", url=url, content_type="application/json", body=b'{"a":1}')
    ours = dict(signed(asked, keys, region="us-east-1", service="bedrock"))

    request = AWSRequest(method="POST", url=url, data=b'{"a":1}', headers={"content-type": "application/json"})
    request.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "secret", token), "bedrock", "us-east-1")
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    canonical = signer.canonical_request(request)
    assert "us.amazon.nova-micro-v1%253A0" in canonical
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert ours["authorization"].endswith(f"Signature={signature}")
    assert "Credential=AKID/" in ours["authorization"]
    assert "/us-east-1/bedrock/aws4_request" in ours["authorization"]
    assert ours.get("x-amz-security-token") == token
    assert set(ours) == {"authorization", "x-amz-date"} | ({"x-amz-security-token"} if token else set())


def a_service_account(directory: Path, token_uri: str, **more: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {"type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": text,
               "client_email": "probe@p.test", "client_id": "1", "token_uri": token_uri}  # fmt: skip
    path = directory / "account.json"
    path.write_text(json.dumps(account | more), "utf-8")
    return str(path)


async def test_google_gives_a_token_for_an_account_file(tmp_path: Path) -> None:
    async with a_cloud(**{"/token": {"access_token": "ya29.planted", "expires_in": 3600}}) as cloud:
        file = a_service_account(tmp_path, f"{cloud.url}/token", quota_project_id="payer")
        lease = await in_thread(GoogleToken(file=file, scope=None, wall=now).fetch)
    assert lease.value.secret == Secret("ya29.planted")
    assert lease.value.headers == (("x-goog-user-project", "payer"),)
    assert 3500 < lease.lifetime_seconds <= 3600


async def test_google_finds_the_default_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with a_cloud(**{"/token": {"access_token": "ya29.default", "expires_in": 1200}}) as cloud:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", a_service_account(tmp_path, f"{cloud.url}/token"))
        lease = await in_thread(GoogleToken(file=None, scope=None, wall=now).fetch)
    assert lease.value.secret == Secret("ya29.default")
    assert lease.value.headers == ()


async def test_google_without_an_account_or_with_a_broken_one_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(SourceError, match="DefaultCredentialsError"):
        await in_thread(GoogleToken(file=None, scope=None, wall=now).fetch)
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(SourceError, match="no account of a kind"):
        await in_thread(GoogleToken(file=str(tmp_path / "broken.json"), scope=None, wall=now).fetch)
    async with a_cloud(**{"/token": {"error": "invalid_grant"}}) as cloud:
        file = a_service_account(tmp_path, f"{cloud.url}/token")
        with pytest.raises(SourceError, match="RefreshError"):
            await in_thread(GoogleToken(file=file, scope=None, wall=now).fetch)


async def test_azure_gives_the_token_of_a_managed_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = int(now()) + 3600
    async with a_cloud(**{"/msi/token": {"access_token": "eyJ.planted.x", "expires_on": str(ends)}}) as cloud:
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{cloud.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        lease = await in_thread(EntraToken(scope=None, wall=now).fetch)
    assert lease.value.secret == Secret("eyJ.planted.x")
    assert 3500 < lease.lifetime_seconds <= 3600


async def test_azure_without_an_identity_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_cloud() as cloud:  # answers everything with 404
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{cloud.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        with pytest.raises(SourceError, match="Entra ID gives no token"):
            await in_thread(EntraToken(scope=None, wall=now).fetch)
    await until(lambda: bool(cloud.asked))
