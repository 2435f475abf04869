import ssl
from pathlib import Path

import pytest
import trustme

from aiprobe.web.strictyaml import MAX_BYTES
from aiprobe.web.webconfig import RateLimit, WebConfig, load
from aiprobe.web.yamlfile import WebError

HASH = "$2y$10$" + "a" * 53
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a server certificate, its key and a client CA."""
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    server.cert_chain_pems[0].write_to_path(tmp_path / "server.crt")
    server.private_key_pem.write_to_path(tmp_path / "server.key")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    trustme.CA().issue_cert("other").private_key_pem.write_to_path(tmp_path / "other.key")
    return tmp_path


def read(folder: Path, text: str) -> WebConfig:
    path = folder / "web.yml"
    path.write_text(text)
    return load(path)


def problems(folder: Path, text: str) -> list[str]:
    """The problems of a file, each without the path of the file before it."""
    with pytest.raises(WebError) as caught:
        read(folder, text)
    return [line.removeprefix(f"{folder / 'web.yml'}") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "basic_auth_users:\n", "http_server_config:\n"])
def test_an_empty_file_means_plain_http_for_everybody(folder: Path, text: str) -> None:
    assert read(folder, text) == WebConfig()


def test_a_whole_file_is_read_with_paths_relative_to_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    config = read(
        folder,
        TLS
        + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  client_allowed_sans: [scraper]\n"
        "  min_version: TLS13\n  max_version: TLS13\n  prefer_server_cipher_suites: false\n"
        "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
        "  curve_preferences: [CurveP256]\n"
        f"http_server_config:\n  http2: true\n  headers: {{X-Frame-Options: deny}}\n"
        f"basic_auth_users: {{alice: {HASH}}}\n"
        "rate_limit: {interval: 1m30s, burst: 20}\n",
    )
    assert config.tls is not None
    assert config.tls.files == (folder / "server.crt", folder / "server.key", folder / "ca.crt")
    assert config.tls.client_allowed_sans == {"scraper"}
    assert config.users == {"alice": HASH.encode()}
    assert config.headers == {"X-Frame-Options": "deny"}
    assert config.rate_limit == RateLimit(interval_seconds=90.0, burst=20)
    assert config.context is not None
    assert config.context.verify_mode == ssl.CERT_REQUIRED
    assert config.context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert not config.context.options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_tls_defaults_are_those_of_the_format(folder: Path) -> None:
    context = read(folder, TLS).context
    assert context is not None
    assert (context.minimum_version, context.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert context.verify_mode == ssl.CERT_NONE
    assert context.options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_cipher_suites_limit_tls12_to_what_was_listed(folder: Path) -> None:
    context = read(folder, TLS + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n").context
    assert context is not None
    offered = {cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"}
    assert offered == {"ECDHE-RSA-AES256-GCM-SHA384"}


def test_a_client_ca_may_stand_in_the_file_itself(folder: Path) -> None:
    pem = (folder / "ca.crt").read_text().replace("\n", "\n    ")
    context = read(folder, TLS + f"  client_auth_type: VerifyClientCertIfGiven\n  client_ca: |\n    {pem}\n").context
    assert context is not None
    assert context.verify_mode == ssl.CERT_OPTIONAL
    assert context.cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "tls_config: {}",
            [
                (
                    ": tls_config: unknown key; known are tls_server_config, http_server_config, basic_auth_users,"
                    " rate_limit"
                )
            ],
        ),
        (
            TLS + "  cert_fil: x",
            [
                (
                    ": tls_server_config.cert_fil: unknown key; known are cert_file, key_file,"
                    " client_auth_type, client_ca_file, client_ca, client_allowed_sans, min_version,"
                    " max_version, cipher_suites, prefer_server_cipher_suites, curve_preferences"
                )
            ],
        ),
        ("- a list", [": should be a mapping"]),
        ("a: b: c", [":1: not valid YAML: mapping values are not allowed here"]),
        ("basic_auth_users:\n  alice: x\n  alice: y", [":3: not valid YAML: 'alice' is given twice"]),
        ("basic_auth_users: [alice]", [": basic_auth_users: should be a mapping, not list"]),
        (
            "basic_auth_users: {alice: hunter2}",
            [": basic_auth_users.alice: is no bcrypt hash; make one with `htpasswd -nBC 10 ''`"],
        ),
        (
            f"basic_auth_users: {{12: {HASH}}}",
            [": basic_auth_users: 12 is no user name: a non-empty string without a colon"],
        ),
        (
            f"basic_auth_users: {{'a:b': {HASH}}}",
            [": basic_auth_users: 'a:b' is no user name: a non-empty string without a colon"],
        ),
        (
            "tls_server_config:",
            [": tls_server_config.cert_file: is missing", ": tls_server_config.key_file: is missing"],
        ),
        ("tls_server_config: {cert_file: server.crt}", [": tls_server_config.key_file: is missing"]),
        (
            "tls_server_config: {cert_file: server.crt, key_file: 5}",
            [": tls_server_config.key_file: should be a string, not int", ": tls_server_config.key_file: is missing"],
        ),
        (
            "tls_server_config: {cert: x, key: y, cert_file: server.crt, key_file: server.key}",
            [
                ": tls_server_config.cert: not supported inline: Python's ssl reads it from a file; use cert_file",
                ": tls_server_config.key: not supported inline: Python's ssl reads it from a file; use key_file",
            ],
        ),
        (
            TLS + "  client_auth_type: RequireAnyClientCert\n  client_ca_file: ca.crt",
            [
                (
                    ": tls_server_config.client_auth_type: RequireAnyClientCert accepts"
                    " unverified certificates, which Python's ssl"
                    " cannot do; use RequireAndVerifyClientCert or VerifyClientCertIfGiven"
                )
            ],
        ),
        (
            TLS + "  client_auth_type: RequestClientCert\n  client_ca_file: ca.crt",
            [
                (
                    ": tls_server_config.client_auth_type: RequestClientCert accepts"
                    " unverified certificates, which Python's ssl"
                    " cannot do; use RequireAndVerifyClientCert or VerifyClientCertIfGiven"
                )
            ],
        ),
        (
            TLS + "  client_auth_type: Please",
            [
                (
                    ": tls_server_config.client_auth_type: 'Please' is none of NoClientCert, VerifyClientCertIfGiven,"
                    " RequireAndVerifyClientCert"
                )
            ],
        ),
        (
            TLS + "  client_auth_type: RequireAndVerifyClientCert",
            [": tls_server_config.client_ca_file: is missing: RequireAndVerifyClientCert has nothing to verify with"],
        ),
        (
            TLS + "  client_ca_file: ca.crt",
            [": tls_server_config.client_ca_file: is given, but client_auth_type asks for no certificate"],
        ),
        (
            TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n  client_allowed_sans: [a]",
            [": tls_server_config.client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert"],
        ),
        (
            TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n  client_ca: x",
            [": tls_server_config.client_ca: is given twice: keep client_ca_file or client_ca"],
        ),
        (
            TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca: x",
            [": tls_server_config.client_ca: this is no PEM certificate"],
        ),
        (TLS + "  client_allowed_sans: a", [": tls_server_config.client_allowed_sans: should be a list, not str"]),
        (TLS + "  client_allowed_sans: [1]", [": tls_server_config.client_allowed_sans: should be a list of strings"]),
        (
            TLS + "  min_version: SSL3",
            [": tls_server_config.min_version: 'SSL3' is none of TLS10, TLS11, TLS12, TLS13"],
        ),
        (TLS + "  max_version: TLS11", [": tls_server_config.min_version: is above max_version"]),
        (
            TLS + "  cipher_suites: [TLS_AES_128_GCM_SHA256]",
            [
                (
                    ": tls_server_config.cipher_suites: lists none of TLS 1.2, and those of"
                    " TLS 1.3 are always on; leave it out"
                )
            ],
        ),
        (
            TLS + "  curve_preferences: [X25519, CurveP256]",
            [
                (
                    ": tls_server_config.curve_preferences: Python's ssl accepts only"
                    " one of CurveP256, CurveP384, CurveP521,"
                    " X25519"
                )
            ],
        ),
        (
            TLS + "  prefer_server_cipher_suites: 1",
            [": tls_server_config.prefer_server_cipher_suites: should be true or false, not int"],
        ),
        ("http_server_config: {http3: true}", [": http_server_config.http3: unknown key; known are http2, headers"]),
        (
            "http_server_config: {headers: {Server: x}}",
            [
                (
                    ": http_server_config.headers.Server: unknown key; known are"
                    " Content-Security-Policy, X-Frame-Options,"
                    " X-Content-Type-Options, X-XSS-Protection, Strict-Transport-Security"
                )
            ],
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}",
            [": http_server_config.headers.X-Frame-Options: should be deny or sameorigin"],
        ),
        (
            'http_server_config: {headers: {X-XSS-Protection: "a\\r\\nb"}}',
            [": http_server_config.headers.X-XSS-Protection: holds a character that a header cannot carry"],
        ),
        ("rate_limit: {interval: soon}", [": rate_limit.interval: 'soon' is no duration such as 100ms or 1s"]),
        ("rate_limit: {interval: 1s, burst: 0}", [": rate_limit.burst: should be 1 or more"]),
        ("rate_limit: {interval: 1s, burst: true}", [": rate_limit.burst: should be a whole number, not bool"]),
    ],
)
def test_every_mistake_is_named_with_its_place(folder: Path, text: str, expected: list[str]) -> None:
    assert problems(folder, text) == expected


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    found = problems(
        folder, "tls_server_config: {}\nbasic_auth_users: {alice: x}\nrate_limit: {interval: x}\nmore: 1\n"
    )
    assert len(found) == 5


@pytest.mark.parametrize(
    "value", ["hunter2", "$2b$10$short", HASH[:-1] + "!", "$2b$32$" + "a" * 53, "$2b$03$" + "a" * 53]
)
def test_a_value_that_may_be_a_password_is_never_quoted(folder: Path, value: str) -> None:
    assert value not in problems(folder, f"basic_auth_users: {{alice: '{value}'}}")[0]


def test_a_syntax_error_beside_a_hash_does_not_quote_it(folder: Path) -> None:
    (found,) = problems(folder, f"basic_auth_users:\n  alice: {HASH}: x\n")
    assert found == ":2: not valid YAML: mapping values are not allowed here"


def test_an_interval_of_zero_switches_the_rate_limit_off(folder: Path) -> None:
    assert read(folder, "rate_limit: {interval: 0, burst: 5}").rate_limit is None
    assert read(folder, "rate_limit: {interval: 0s}").rate_limit is None


def test_a_file_that_is_missing_too_large_or_a_folder_says_so(folder: Path) -> None:
    with pytest.raises(WebError, match=r"none\.yml: cannot read it: No such file or directory"):
        load(folder / "none.yml")
    with pytest.raises(WebError, match="cannot read it: Is a directory"):
        load(folder)
    assert problems(folder, "#" * (MAX_BYTES + 1)) == [f": larger than {MAX_BYTES} bytes"]


def test_what_is_not_text_or_nests_without_end_is_not_yaml(folder: Path) -> None:
    for content in (b"\xff\xfe\x00", b"[" * 5000, b"\x00", b"!!python/object/apply:os.system [echo]"):
        path = folder / "web.yml"
        path.write_bytes(content)
        with pytest.raises(WebError, match="not valid YAML"):
            load(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "cert_file: none.crt, key_file: server.key",
            ("tls_server_config.cert_file: cannot read {folder}/none.crt: No such file or directory"),
        ),
        (
            "cert_file: server.crt, key_file: none.key",
            ("tls_server_config.key_file: cannot read {folder}/none.key: No such file or directory"),
        ),
        (
            "cert_file: server.crt, key_file: other.key",
            (
                "tls_server_config.cert_file, key_file: {folder}/server.crt and"
                " {folder}/other.key are not a certificate and its unencrypted key in PEM form (key values mismatch)"
            ),
        ),
        (
            "cert_file: server.key, key_file: server.crt",
            (
                "tls_server_config.cert_file, key_file: {folder}/server.key and"
                " {folder}/server.crt are not a certificate and its unencrypted key in PEM form"
            ),
        ),
        (
            (
                "cert_file: server.crt, key_file: server.key, client_auth_type:"
                " VerifyClientCertIfGiven, client_ca_file: server.key"
            ),
            "tls_server_config.client_ca_file: {folder}/server.key holds no PEM certificate",
        ),
    ],
)
def test_certificates_that_cannot_be_used_are_named(folder: Path, text: str, expected: str) -> None:
    (found,) = problems(folder, f"tls_server_config: {{{text}}}")
    assert found.removeprefix(": ").startswith(expected.replace("{folder}", str(folder)))


@pytest.mark.parametrize(("written", "sent"), [("0", "0"), ("'1; mode=block'", "1; mode=block"), ("''", "")])
def test_a_header_that_is_a_number_for_yaml_is_text_for_the_toolkit(tmp_path: Path, written: str, sent: str) -> None:
    path = tmp_path / "web.yml"
    path.write_text(f"http_server_config: {{headers: {{X-XSS-Protection: {written}}}}}")
    assert load(path).headers == {"X-XSS-Protection": sent}
