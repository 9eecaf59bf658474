"""What a probe asks: a Python function, a command, an HTTP address, or a chat model behind one.

The standard library does the sending: a call is one request with one response, at the pace of a person's plan, so that
a connection of its own for each costs nothing, and no proxy, redirect or retry that the plan does not name can happen.
"""

import importlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, NoReturn

from answerable.areas.decisions.probe.templates import LONGEST
from answerable.core.signature import parameters, parse_all
from answerable.errors import ParameterError, nearest

PROMPT = "{prompt}"
CHAT_TEXT = "/choices/0/message/content"


class CallFailed(Exception):
    """A call that got no response which could be an answer.

    Args:
        problem: what happened.
        response: what came back, if anything did.
        final: whether every further call would fail in the same way.
        wait: seconds after which the target asked to be called again.
    """

    def __init__(self, problem: str, *, response: str | None = None, final: bool = False, wait: float = 0.0) -> None:
        self.problem, self.response, self.final, self.wait = problem, response, final, wait
        super().__init__(problem)


Send = Callable[[str, float], str]
"""Sends a prompt, waits at most so many seconds, and gives the whole text of the response; raises CallFailed."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Python function that takes the prompt as text and returns the response."""

    name: str
    folder: Path

    def open(self) -> Send:
        """Import the function; modules are looked for beside the plan first."""
        module, _, attribute = self.name.partition(":")
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        try:
            function = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ParameterError(f"[target] python = {self.name!r}: it cannot be imported ({error}).") from error

        def send(prompt: str, _timeout: float) -> str:
            try:
                response = function(prompt)
            except Exception as error:
                raise CallFailed(f"{type(error).__name__}: {error}") from error
            text = response if isinstance(response, str) else json.dumps(response, ensure_ascii=False, default=repr)
            return _decoded(text.encode("utf-8", "backslashreplace"))

        return send


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program, started anew for every call without a shell; it reads the prompt and writes the response."""

    words: Sequence[str]

    def open(self) -> Send:
        """Nothing to prepare: the program is started for every call."""

        def send(prompt: str, timeout: float) -> str:
            try:
                done = subprocess.run(self.words, input=prompt.encode(), capture_output=True, timeout=timeout)
            except subprocess.TimeoutExpired as error:
                raise CallFailed(f"no response within {timeout:g} seconds") from error
            except OSError as error:
                raise CallFailed(f"the program cannot be started: {error}", final=True) from error
            response = _decoded(done.stdout)
            if done.returncode:
                said = _decoded(done.stderr).strip()[-2000:]
                raise CallFailed(f"the program ended with {done.returncode}: {said}", response=response)
            return response

        return send


@dataclass(frozen=True, kw_only=True)
class Address:
    """An HTTP address.

    Args:
        url: the address; {prompt} in it is filled in, encoded.
        method: GET, POST or PUT.
        headers: headers as they are.
        headers_from_env: headers whose values are in environment variables, as { Authorization = "MY_KEY" }.
        key_from_env: environment variable with a key, sent as "Authorization: Bearer KEY".
        body: what is sent: text, or a table that becomes JSON; {prompt} in any text of it is filled in.
    """

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    headers_from_env: Mapping[str, str] = field(default_factory=dict)
    key_from_env: str | None = None
    body: Any = None

    def open(self) -> Send:
        """Take the secrets from the environment; nothing is sent yet."""
        secret = {name: _environment(variable) for name, variable in self.headers_from_env.items()}
        if self.key_from_env:
            secret["Authorization"] = f"Bearer {_environment(self.key_from_env)}"
        kind = "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"
        headers = {"User-Agent": "answerable", **({"Content-Type": kind} if self.body is not None else {})}
        headers |= {**self.headers, **secret}
        # No proxy of the environment: a probe goes to the address of its plan and nowhere else.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        hidden = sorted({word for value in secret.values() for word in (value, value.removeprefix("Bearer "))})[::-1]

        def send(prompt: str, timeout: float) -> str:
            url = self.url.replace(PROMPT, urllib.parse.quote(prompt, safe=""))
            body = _filled(self.body, prompt)
            data = body if body is None or isinstance(body, str) else json.dumps(body, ensure_ascii=False)
            request = urllib.request.Request(url, None if data is None else data.encode(), headers, method=self.method)
            try:
                return _hide(_exchange(opener, request, timeout), hidden)
            except CallFailed as error:
                shown = None if error.response is None else _hide(error.response, hidden)
                problem = _hide(error.problem, hidden)
                raise CallFailed(problem, response=shown, final=error.final, wait=error.wait) from None

        return send


Target = Function | Command | Address


@dataclass(frozen=True, kw_only=True)
class Chat:
    """A chat model behind an address that speaks OpenAI's protocol.

    Args:
        url: the address, as http://localhost:11434/v1; /chat/completions is added where it is not there.
        model: name of the model.
        system: what the model is told before the prompt; nothing where it is left out.
        temperature: of the sampling, in the model's own scale; the target's default where it is left out.
        max_tokens: longest answer; the target's default where it is left out.
        key_from_env: environment variable with the key, sent as "Authorization: Bearer KEY".
        headers_from_env: headers whose values are in environment variables.
    """

    url: str
    model: str
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    key_from_env: str | None = None
    headers_from_env: Mapping[str, str] = field(default_factory=dict)

    def address(self, more: Mapping[str, Any]) -> Address:
        """The same as an address, with further fields of the request."""
        url = self.url.rstrip("/")
        said = [{"role": "system", "content": self.system}] if self.system else []
        body: dict[str, Any] = {"model": self.model, "messages": [*said, {"role": "user", "content": PROMPT}]}
        numbers = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        body |= {name: value for name, value in numbers.items() if value is not None}
        return Address(
            url=url if url.endswith("/chat/completions") else f"{url}/chat/completions",
            headers_from_env=self.headers_from_env,
            key_from_env=self.key_from_env,
            body={**body, **more},
        )


def read_target(given: Any, folder: Path, place: str) -> tuple[Target, str | None]:
    """The target that [target] names, and where in its responses the text stands by default.

    Raises:
        ParameterError: none or several are named, or a word of one is not as it must be.
    """
    kinds = ("python", "command", "http", "chat")
    if not isinstance(given, Mapping) or len(given) != 1 or not set(given) <= set(kinds):
        raise ParameterError(f"{place}: [target] names one of {', '.join(kinds)}.")
    ((kind, value),) = given.items()
    of = f"[target] {kind} of {place}"
    if kind == "python":
        if not isinstance(value, str) or not re.fullmatch(r"[\w.]+:\w+", value):
            raise ParameterError(f'{of} is "module:function".')
        return Function(name=value, folder=folder), None
    if kind == "command":
        if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
            raise ParameterError(f'{of} is a list of words, as ["python3", "model.py"].')
        return Command(words=tuple(value)), None
    if not isinstance(value, Mapping):
        raise ParameterError(f"{of} is a table with url and more.")
    stated = dict(value)
    body = stated.pop("body", {} if kind == "chat" else None)
    declared = Chat if kind == "chat" else Address
    parsed = parse_all([one for one in parameters(declared) if one.name != "body"], stated, of=of)
    parsed = {name: entry for name, entry in parsed.items() if name in stated}
    if kind == "chat":
        if not isinstance(body, Mapping):
            raise ParameterError(f"{of}: body is a table of further fields of the request.")
        return _checked(Chat(**parsed).address(body), of), CHAT_TEXT
    return _checked(Address(**parsed, body=body), of), None


def _checked(address: Address, of: str) -> Address:
    parts = urllib.parse.urlsplit(address.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ParameterError(f"{of}: url begins with http:// or https:// and names a machine, not {address.url!r}.")
    if parts.username or parts.password:
        raise ParameterError(f"{of}: a password in url would be published; use headers_from_env or key_from_env.")
    if address.method not in {"GET", "POST", "PUT"}:
        raise ParameterError(f"{of}: method is GET, POST or PUT. {nearest(address.method, ['GET', 'POST', 'PUT'])}")
    try:
        sent = json.dumps(address.body)
    except TypeError as error:
        raise ParameterError(f"{of}: body cannot be written as JSON ({error}); write dates as text.") from error
    if PROMPT not in address.url and PROMPT not in sent:
        raise ParameterError(f"{of}: {PROMPT} stands neither in url nor in body, so nothing would be asked.")
    for name, value in address.headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or re.search(r"[\r\n]", value):
            raise ParameterError(f"{of}: {name!r} is no header.")
        if re.search(r"auth|api-?key|token|secret|cookie", name, re.IGNORECASE):
            raise ParameterError(f"{of}: {name!r} in headers would be published; use headers_from_env.")
    return address


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> NoReturn:
        raise CallFailed(f"it answers {code} and points to {newurl}; put the final address into the plan", final=True)


def _exchange(opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout: float) -> str:
    """One request and its whole response as text."""
    end = time.monotonic() + timeout
    try:
        with opener.open(request, timeout=timeout) as response:
            return _whole(response, end, timeout)
    except urllib.error.HTTPError as error:
        with error:
            text = _decoded(_bytes(error, end, timeout, cut=True))
        wait = error.headers.get("Retry-After", "")
        raise CallFailed(
            f"it answers {error.code} {error.reason}",
            response=text,
            final=error.code in {401, 403, 404, 405},
            wait=float(wait) if wait.isdecimal() else 0.0,
        ) from error
    except (TimeoutError, OSError, HTTPException) as error:
        raise CallFailed(f"{type(error).__name__}: {getattr(error, 'reason', None) or error}") from error


def _whole(response: Any, end: float, timeout: float) -> str:
    data = _bytes(response, end, timeout)
    promised = response.headers.get("Content-Length", "")
    if promised.isdecimal() and len(data) < int(promised):
        problem = f"the connection ended after {len(data):,} of {int(promised):,} bytes"
        raise CallFailed(problem, response=_decoded(data))
    return _decoded(data)


def _bytes(response: Any, end: float, timeout: float, *, cut: bool = False) -> bytes:
    """The bytes of a response; a target that drips them is not waited for beyond the timeout."""
    data: bytes = b""
    while piece := response.read1(65_536):
        data += piece
        if time.monotonic() > end:
            raise CallFailed(f"the response was not complete within {timeout:g} seconds", response=_decoded(data))
        if len(data) > LONGEST:
            if cut:
                return data[:LONGEST]
            raise CallFailed(f"the response is longer than {LONGEST:,} bytes", response=_decoded(data))
    return data


def _decoded(data: bytes) -> str:
    """Bytes as text that shows what is not UTF-8, as far as a table can hold it."""
    return data[:LONGEST].decode("utf-8", "backslashreplace")


def _filled(body: Any, prompt: str) -> Any:
    """A body with the prompt in place of {prompt}, in whatever text of it that stands."""
    if isinstance(body, str):
        return body.replace(PROMPT, prompt)
    if isinstance(body, Mapping):
        return {name: _filled(value, prompt) for name, value in body.items()}
    return [_filled(value, prompt) for value in body] if isinstance(body, list) else body


def _hide(text: str, hidden: Sequence[str]) -> str:
    for word in hidden:
        text = text.replace(word, "[secret]")
    return text


def _environment(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ParameterError(f"The environment variable {variable}, which the plan names, is empty. Set it first.")
    return value
