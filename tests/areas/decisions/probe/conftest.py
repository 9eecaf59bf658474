"""A system under test on this machine: a local server that decides, with a bias or without, and fails now and then."""

import itertools
import json
import math
import random
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

NAMES = {
    "red": ["Rada", "Rosa", "Remy", "Rufus", "Ronja", "Raul"],
    "blue": ["Bea", "Boris", "Blanka", "Basil", "Berta", "Bruno"],
}
TEMPLATES = {
    f"text{number}": f"Case {number}: {{name}} applies for a room as a {{job}}. Answer yes or no."
    for number in range(12)
}


class Judge:
    """Answers yes with a chance that depends on the text's number and, where there is a bias, on the name.

    Args:
        bias: by how much the log odds of the group red are lower.
        failing: share of the calls that fail, in turn in each of the ways of `FAULTS`.
        slow: seconds that a slow call takes.
    """

    FAULTS = ("500", "dropped", "not JSON", "cut", "slow", "no answer")

    def __init__(self, bias=0.0, failing=0.0, slow=0.0):
        self.bias, self.failing, self.slow = bias, failing, slow
        self.calls, self.headers, self.bodies = 0, [], []
        self._guard, self._rng, self._faults = threading.Lock(), random.Random(5), itertools.cycle(self.FAULTS)

    def answer(self, prompt):
        """The fault of this call or None, and the answer."""
        with self._guard:
            self.calls += 1
            fault = next(self._faults) if self._rng.random() < self.failing else None
            number = int(re.search(r"Case (\d+)", prompt)[1])
            odds = (number % 5 - 2) / 2 - self.bias * any(name in prompt for name in NAMES["red"])
            return fault, "yes" if self._rng.random() < 1 / (1 + math.exp(-odds)) else "no"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        judge = self.server.judge
        judge.headers.append(dict(self.headers))
        judge.bodies.append(body)
        if self.path == "/elsewhere":
            return self.reply(302, "", Location="http://127.0.0.1:9/")
        if self.path == "/locked":
            return self.reply(401, json.dumps({"error": f"wrong key {self.headers.get('Authorization')}"}))
        fault, answer = judge.answer(body)
        made = {"choices": [{"message": {"role": "assistant", "content": f"I would say {answer}."}}]}
        if fault == "dropped":
            return self.connection.close()
        if fault == "slow":
            self.server.stopped.wait(judge.slow)
        if fault == "no answer":
            made["choices"][0]["message"]["content"] = "I cannot help with that."
        text = "<html>not today" if fault == "not JSON" else json.dumps(made)
        return self.reply(500 if fault == "500" else 200, text, cut=20 if fault == "cut" else None)

    def reply(self, status, text, cut=None, **headers):
        data = text.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[:cut])
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def handle_error(self, *_):
        pass  # a client that was killed is no news


@pytest.fixture
def serve():
    """A function that starts a server for a judge and gives its address."""
    servers = []

    def start(judge):
        server = Server(("127.0.0.1", 0), Handler)
        server.judge, server.stopped = judge, threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.stopped.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def write_plan(tmp_path):
    """A function that writes probe.toml with some entries changed."""

    def write(target, name="probe.toml", templates=TEMPLATES, variants=NAMES, **changed):
        made = {
            "top": {"title": "Who gets the room?", "reference": "blue", "pairs": 5, "favourable": True},
            "controls": {"same_name": 1, "same_group": 1},
            "response": {"yes": r"\byes\b", "no": r"\bno\b"},
            "pace": {"calls_per_second": 2000, "concurrency": 4, "timeout": 5, "retries": 4, "wait": 0.01},
        }
        for table, entries in changed.items():
            made[table] = {**made.get(table, {}), **entries}
        tables = {"templates": templates, "variants": variants, "slots": {"job": ["nurse", "clerk"]}}
        tables |= {"target": target, **{name: made[name] for name in made if name != "top"}}
        lines = [f"{key} = {toml(value)}" for key, value in made["top"].items()]
        for table, entries in tables.items():
            lines += [f"[{table}]", *(f"{json.dumps(key)} = {toml(value)}" for key, value in entries.items())]
        path = tmp_path / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def entries(path, kind="call"):
    """The lines of a transcript of one kind."""
    return [entry for entry in map(json.loads, path.read_text("utf-8").splitlines()) if entry["kind"] == kind]


@pytest.fixture
def lines():
    return entries


@pytest.fixture
def make_judge():
    """Makes a judge: bias, failing, slow."""
    return Judge
