"""Asks the APIs of Prometheus and Alertmanager, with a time limit and a size limit."""

import json
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from aiprobe.core.secret import Secret
from aiprobe.drill.step import Fault

TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
MOST_BYTES: Final = 64 << 20
"""Of one answer: a Prometheus with ten thousand rules returns some 20 MB."""


class NotAnsweredError(Exception):
    """An API did not answer as it should; `fault` is for the user."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.problem)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Api:
    """One of the two servers. Its session belongs to the caller."""

    name: str
    url: str
    session: aiohttp.ClientSession
    token: Secret | None = None

    async def text(self, path: str, *, method: str = "GET", body: Any = None, **params: str) -> str:
        """Return the text of an answer. Raises NotAnsweredError."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token.reveal()}"}
        option = f"--{self.name.lower()}"
        try:
            async with self.session.request(
                method, self.url.rstrip("/") + path, params=params, json=body, headers=headers, timeout=TIMEOUT
            ) as reply:
                text = (await reply.content.read(MOST_BYTES)).decode(errors="replace")
                while not reply.content.at_eof() and len(text) < MOST_BYTES:
                    text += (await reply.content.read(MOST_BYTES)).decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            problem = f"{self.name} does not answer at {self.url}: {str(error) or 'no answer in 10 s'}"
            raise NotAnsweredError(Fault(problem, f"start {self.name}, or correct {option}")) from error
        if reply.status in {401, 403}:
            problem = f"{self.name} at {self.url} requires a login (HTTP {reply.status})"
            raise NotAnsweredError(Fault(problem, "put a bearer token into a file and name it with --token-file"))
        if reply.status >= 300:
            problem = f"{self.name} at {self.url} answers {path} with HTTP {reply.status}: {text[:200].strip()}"
            raise NotAnsweredError(Fault(problem, f"correct {option}: the address before /api, with its prefix"))
        return text

    async def json(self, path: str, *, method: str = "GET", body: Any = None, **params: str) -> Any:
        """Return the content of an answer, of Prometheus what `data` holds. Raises NotAnsweredError."""
        text = await self.text(path, method=method, body=body, **params)
        try:
            found = json.loads(text)
            return found["data"] if self.name == "Prometheus" else found
        except (ValueError, KeyError, TypeError) as error:
            fault = Fault(f"what answers at {self.url} is no {self.name}", f"correct --{self.name.lower()}")
            raise NotAnsweredError(fault) from error
