"""What is asked, and what becomes of the answer: secrets stay out, nothing goes elsewhere, every failure has a name."""

import json
import socket
import sys
import threading
from contextlib import closing, suppress

import pytest

from answerable.areas.decisions.probe.responses import Response, Unreadable, pointed
from answerable.areas.decisions.probe.runner import run_probe
from answerable.areas.decisions.probe.targets import Address, CallFailed, Command, Function
from answerable.errors import AnswerableError, ParameterError

SECRET = "sk-this-is-secret"


def test_a_key_goes_to_the_target_and_nowhere_else(make_judge, serve, write_plan, tmp_path, monkeypatch):
    monkeypatch.setenv("ROOM_KEY", SECRET)
    monkeypatch.setenv("ROOM_TEAM", "team-" + SECRET)
    judge = make_judge()
    chat = {"url": serve(judge), "model": "m", "key_from_env": "ROOM_KEY", "headers_from_env": {"X-Team": "ROOM_TEAM"}}
    run_probe(write_plan({"chat": chat}, top={"pairs": 1}), tmp_path / "out.jsonl")
    assert judge.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert judge.headers[0]["X-Team"] == f"team-{SECRET}"
    assert SECRET not in (tmp_path / "out.jsonl").read_text()
    assert "ROOM_KEY" in (tmp_path / "out.jsonl").read_text(), "which variable it was is no secret"


def test_a_target_that_repeats_the_key_does_not_publish_it(make_judge, serve, write_plan, tmp_path, monkeypatch):
    monkeypatch.setenv("ROOM_KEY", SECRET)
    address = {"url": serve(make_judge()) + "/locked", "body": {"text": "{prompt}"}, "key_from_env": "ROOM_KEY"}
    with pytest.raises(AnswerableError, match=r"The target cannot be asked: it answers 401"):
        run_probe(write_plan({"http": address}), tmp_path / "out.jsonl")
    text = (tmp_path / "out.jsonl").read_text()
    assert SECRET not in text and "wrong key Bearer [secret]" in text


def test_a_key_that_is_not_there(make_judge, serve, write_plan, tmp_path, monkeypatch):
    monkeypatch.delenv("ROOM_KEY", raising=False)
    plan = write_plan({"chat": {"url": serve(make_judge()), "model": "m", "key_from_env": "ROOM_KEY"}})
    with pytest.raises(ParameterError, match=r"environment variable ROOM_KEY.*Set it first"):
        run_probe(plan, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_plain_headers_are_sent(make_judge, serve):
    judge = make_judge()
    headers = {"X-Version": "2", "Content-Type": "text/x"}
    Address(url=serve(judge), body="{prompt}", headers=headers).open()("Case 1: Bea", 5)
    assert (judge.headers[0]["X-Version"], judge.headers[0]["Content-Type"]) == ("2", "text/x")


def test_a_redirect_is_not_followed(make_judge, serve):
    send = Address(url=serve(make_judge()) + "/elsewhere", body="{prompt}").open()
    with pytest.raises(CallFailed, match=r"answers 302 and points to http://127.0.0.1:9/; put the final address"):
        send("Case 1: Bea", 5)


def test_no_proxy_of_the_environment_is_used(make_judge, serve, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    send = Address(url=serve(make_judge()), body="{prompt}").open()
    assert "I would say" in send("Case 1: Bea", 5)


def test_the_prompt_is_put_into_the_body_whatever_it_holds(make_judge, serve):
    judge = make_judge()
    prompt = 'Case 1: "Bea" \\ {prompt}\n\u00e9'
    Address(url=serve(judge), body={"q": ["x", "{prompt}"], "n": 1}).open()(prompt, 5)
    assert json.loads(judge.bodies[0]) == {"q": ["x", prompt], "n": 1}
    Address(url=serve(judge), body="text={prompt}").open()(prompt, 5)
    assert judge.bodies[1] == "text=" + prompt


def answering(data):
    """A server that sends these bytes to whoever comes, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with closing(listener), suppress(OSError):  # the client goes as soon as it has had enough
            connection, _ = listener.accept()
            with closing(connection):
                connection.recv(65536)
                for piece, pause in data:
                    connection.sendall(piece)
                    threading.Event().wait(pause)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # closing with anything unread would reset the connection
                    pass

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([(HEAD + b"only this", 0)], r"the connection ended after 9 of 20 bytes"),
        ([(b"", 0)], r"RemoteDisconnected"),
        ([(b"not HTTP\r\n\r\n", 0)], r"BadStatusLine"),
        ([(HEAD, 0), *[(b"x", 0.08)] * 20], r"not complete within 0.3 seconds"),
        ([(HEAD, 1.0)], r"TimeoutError"),
        ([(b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + b"x" * 400000, 0)], r"longer than 250,000 bytes"),
        ([(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf", 0)], r"IncompleteRead"),
    ],
    ids=["cut", "dropped", "nonsense", "dripping", "silent", "endless", "chunks"],
)
def test_responses_that_are_none(data, message):
    send = Address(url=answering(data), body="{prompt}").open()
    with pytest.raises(CallFailed, match=message):
        send("hello", 0.3 if len(data) > 1 or data[0][1] else 10)  # only who is slow is not waited for


def test_what_is_not_utf8_is_shown():
    send = Address(url=answering([(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nja\xff!", 0)]), body="{prompt}").open()
    assert send("hello", 1) == "ja\\xff!"


def test_a_busy_target_is_waited_for():
    data = b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow"
    with pytest.raises(CallFailed, match="429") as caught:
        Address(url=answering([(data, 0)]), body="{prompt}").open()("hello", 1)
    assert (caught.value.wait, caught.value.final, caught.value.response) == (7.0, False, "slow")


def test_a_command_reads_the_prompt_without_a_shell():
    send = Command(words=[sys.executable, "-c", "import sys; print(sys.stdin.read().upper(), end='')"]).open()
    assert send("no $(echo) `here` \u00e9", 20) == "NO $(ECHO) `HERE` \u00c9"
    program = "import sys; print('x'); print('oh', file=sys.stderr); sys.exit(3)"
    with pytest.raises(CallFailed, match=r"ended with 3: oh") as caught:
        Command(words=[sys.executable, "-c", program]).open()("", 20)
    assert caught.value.response == "x\n"
    with pytest.raises(CallFailed, match="no response within"):
        Command(words=[sys.executable, "-c", "import time; time.sleep(9)"]).open()("", 0.2)
    with pytest.raises(CallFailed, match="cannot be started"):
        Command(words=["no-such-program-here"]).open()("", 1)


def test_a_function_beside_the_plan(tmp_path):
    (tmp_path / "beside.py").write_text(
        "def answer(prompt):\n    if 'x' in prompt:\n        raise ValueError('no x')\n    return {'p': prompt}\n"
    )
    send = Function(name="beside:answer", folder=tmp_path).open()
    assert send("\u00e9", 1) == '{"p": "\u00e9"}'
    with pytest.raises(CallFailed, match="ValueError: no x"):
        send("x", 1)
    with pytest.raises(ParameterError, match="cannot be imported"):
        Function(name="beside:other", folder=tmp_path).open()


YES_NO = {"yes": r"(?i)\byes\b", "no": r"(?i)\bno\b"}


@pytest.mark.parametrize(
    ("rules", "response", "decided", "number"),
    [
        (YES_NO, "Yes, of course", True, None),
        (YES_NO, "NO.", False, None),
        ({**YES_NO, "at": "/a/0/b~1c"}, '{"a": [{"b/c": "yes"}]}', True, None),
        ({"at": "/ok", "yes": "^true$", "no": "^false$"}, '{"ok": false}', False, None),
        ({"number": r"\d+"}, "rate 7 of 10", None, 7.0),
        ({"number": r"score: (-?[\d.]+)"}, "score: -1.5", None, -1.5),
        ({"at": "/p", "number": ".+", "at_least": 0.5}, '{"p": 0.5}', True, 0.5),
        ({**YES_NO, "number": r"\d+"}, "yes: 3", True, 3.0),
    ],
)
def test_reading_a_response(rules, response, decided, number):
    rule = Response(**rules)
    rule.check("plan")
    read = rule.read(response)
    assert (read.decided, read.number) == (decided, number)


@pytest.mark.parametrize(
    ("rules", "response", "why"),
    [
        (YES_NO, "yes and no", "both yes and no"),
        (YES_NO, "I cannot say", "neither yes nor no"),
        ({**YES_NO, "at": "/a"}, "<html>", "not JSON"),
        ({**YES_NO, "at": "/a/1"}, '{"a": ["x"]}', "nothing at /a/1"),
        ({**YES_NO, "at": "/a"}, '{"a": null}', "null there"),
        ({"number": r"\d+"}, "none", "no number"),
        ({"number": r"\S+"}, "nan", "no finite number"),
        ({"number": r"n=(\d+)?"}, "n=", "no number"),
    ],
)
def test_responses_that_say_nothing(rules, response, why):
    with pytest.raises(Unreadable, match=why):
        Response(**rules).read(response)


def test_pointers():
    assert pointed('{"": {"m~n": [1, [2]]}}', "//m~0n/1/0") == 2
