"""probe.toml: what it becomes, and what each mistake in it is told."""

import pytest

from answerable.areas.decisions.probe.plan import read_plan
from answerable.areas.decisions.probe.schedule import schedule
from answerable.areas.decisions.probe.targets import Address, Command, Function
from answerable.errors import ParameterError

PLAN = """
title = "Who gets the room?"
reference = "blue"
pairs = 4
repeats = 2

[templates]
short = "May {name} have the room? {{yes or no}}"
letter = { file = "letter.txt" }

[variants]
blue = ["Bea", "Boris", "Basil"]
red = ["Rosa", "Remy"]

[slots]
job = ["nurse", "clerk"]

[controls]
same_name = 2
same_group = 1

[target]
command = ["cat"]

[response]
yes = "yes"
no = "no"
"""

GROUPS = 'blue = ["Bea", "Boris", "Basil"]\nred = ["Rosa", "Remy"]'


@pytest.fixture
def plan_of(tmp_path):
    def read(text, **files):
        (tmp_path / "letter.txt").write_text("Dear {name}, {job}:\n{nonsense}".replace("{nonsense}", "answer"))
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content, encoding="utf-8")
        (tmp_path / "probe.toml").write_text(text, encoding="utf-8")
        return read_plan(tmp_path / "probe.toml")

    return read


def test_the_calls_of_a_plan(plan_of):
    plan = plan_of(PLAN)
    calls = schedule(plan)
    assert len(calls) == 2 * 2 * (4 + 2 + 1) * 2
    assert len({call.key for call in calls}) == len(calls)
    by_pair = {}
    for call in calls:
        by_pair.setdefault((call.pair, call.repeat), []).append(call)
    for (pair, _), members in by_pair.items():
        first, second = sorted(members, key=lambda call: call.member)
        assert first.template == second.template and (first.member, second.member) == (1, 2)
        assert first.control == second.control == ("same" in pair)
        if not first.control:
            assert (first.variant, second.variant) == ("blue", "red")
        else:
            assert first.variant == second.variant
            assert (first.prompt == second.prompt) == ("same name" in pair)
        assert first.prompt.replace(first.name, "") == second.prompt.replace(second.name, ""), "only the name differs"
    assert any(call.prompt == "May Bea have the room? {yes or no}" for call in calls)
    once, again = ({(c.pair, c.member): c.prompt for c in calls if c.repeat == repeat} for repeat in (1, 2))
    assert once == again


def test_names_are_drawn_evenly(plan_of):
    calls = schedule(plan_of(PLAN.replace("pairs = 4", "pairs = 30").replace("same_group = 1", "same_group = 0")))
    used = [call.name for call in calls if call.template == "short" and call.repeat == 1 and not call.control]
    assert {name: used.count(name) for name in ("Bea", "Boris", "Basil", "Rosa", "Remy")} == {
        "Bea": 10, "Boris": 10, "Basil": 10, "Rosa": 15, "Remy": 15,
    }  # fmt: skip


def test_the_order_is_random_and_the_same_for_the_same_plan(plan_of):
    calls = schedule(plan_of(PLAN))
    assert calls == schedule(plan_of(PLAN))
    other = schedule(plan_of(PLAN.replace("repeats = 2", "repeats = 2\nseed = 9")))
    assert other != calls and {call.key for call in other} == {call.key for call in calls}
    halves = [call.template == "short" for call in calls]
    assert 0 < sum(halves[: len(halves) // 2]) < len(halves) // 2, "templates are mixed"


def test_the_digest_is_of_what_is_asked(plan_of):
    plain = plan_of(PLAN).digest
    assert plan_of(PLAN + "[pace]\ncalls_per_second = 50\n").digest == plain
    assert plan_of(PLAN.replace("Bea", "Beate")).digest != plain
    assert plan_of(PLAN.replace('yes = "yes"', 'yes = "yea"')).digest != plain


def test_groups_from_a_csv_with_several_slots(plan_of):
    changed = PLAN.replace(
        'blue = ["Bea", "Boris", "Basil"]\nred = ["Rosa", "Remy"]', 'csv = "names.csv"\ngroup = "kind"'
    )
    plan = plan_of(
        changed.replace("May {name} have", "May {name} have {their} wish:"),
        names_csv="kind,name,their\nblue,Bea,her\nblue,Boris,his\nred,Rosa,her\n",
    )
    assert plan.variants["blue"] == ({"name": "Bea", "their": "her"}, {"name": "Boris", "their": "his"})
    assert {call.name for call in schedule(plan)} == {"Bea", "Boris", "Rosa"}
    tables = PLAN.replace('["Rosa", "Remy"]', '[{ age = "70" }]').replace(
        '["Bea", "Boris", "Basil"]', '[{ age = "30" }, {age = "31"}]'
    )
    plan = plan_of(tables.replace("{name}", "{age}").replace('letter = { file = "letter.txt" }', ""))
    assert {call.name for call in schedule(plan)} == {"30", "31", "70"}


def test_the_targets(plan_of):
    def target(text):
        return plan_of(PLAN.replace('command = ["cat"]', text))

    assert target('command = ["cat"]').target == Command(words=("cat",))
    assert isinstance(target('python = "model:answer"').target, Function)
    chat = target('chat = { url = "http://localhost:1/v1/", model = "m", system = "Be brief.", key_from_env = "K" }')
    assert isinstance(chat.target, Address) and chat.target.url == "http://localhost:1/v1/chat/completions"
    assert chat.target.body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert chat.response.at == "/choices/0/message/content"
    assert "temperature" not in chat.target.body
    http = target('http = { url = "http://localhost:1/ask?q={prompt}", method = "GET", headers = { X-V2 = "1" } }')
    assert http.target.body is None and http.response.at is None


MISTAKES = [
    ('title = "Who gets the room?"', "", r"probe.toml needs title"),
    ("pairs = 4", "pair = 4", r"no parameter 'pair'. Nearest: pairs"),
    ("pairs = 4", 'pairs = "many"', r"pairs takes a whole number, not 'many'"),
    ("pairs = 4", "pairs = 0", r"pairs is at least 1, not 0"),
    ('reference = "blue"', 'reference = "Blue"', r"reference 'Blue' is no group. Nearest: blue"),
    ("[templates]", "[template]", r"no table \[template\]. Nearest: templates"),
    ("{name} have", "{nam} have", r"template 'short': nothing fills \{nam\}. Nearest: name"),
    ("{name} have", "{job} have", r"template 'short' has no slot that differs between groups \(name\)"),
    ("{name} have", "{name have", r"template 'short'.*A brace that is meant as such is doubled"),
    ("{name} have", "{name!r} have", r"\{name\} is not the name of a slot"),
    ('"letter.txt"', '"lettre.txt"', r"template 'letter': lettre.txt cannot be read"),
    ('red = ["Rosa", "Remy"]', "", r"\[variants\] needs two groups or more"),
    ('["Rosa", "Remy"]', "[]", r"variant 'red' is a list of names"),
    ('["Rosa", "Remy"]', '["Rosa", "Rosa"]', r"variant 'red': an entry stands twice"),
    ('["Rosa", "Remy"]', '["Rosa", " "]', r"variant 'red': an entry is empty"),
    ('["Rosa", "Remy"]', '[{ age = "3" }]', r"must fill the same slots; here some fill age and name"),
    ('job = ["nurse", "clerk"]', 'name = ["x"]', r"the slot 'name' stands in \[slots\] and in \[variants\]"),
    ('job = ["nurse", "clerk"]', 'job = "nurse"', r"\[slots\] job is a list"),
    (
        "same_name = 2",
        "same_names = 2",
        r"\[controls\] of probe.toml has no .*Nearest: same_name",
    ),
    ('command = ["cat"]', "", r"\[target\] names one of python, command, http, chat"),
    ('command = ["cat"]', 'command = "cat"', r"command of probe.toml is a list of words"),
    ('command = ["cat"]', 'python = "model"', r'is "module:function"'),
    ('command = ["cat"]', 'chat = { model = "m" }', r"\[target\] chat of probe.toml needs url"),
    (
        'command = ["cat"]',
        'chat = { url = "http://x", model = "m", key = "sk" }',
        r"no parameter 'key'. Known: .*key_from_env",
    ),
    ('command = ["cat"]', 'http = { url = "ftp://x/{prompt}" }', r"url begins with http"),
    ('command = ["cat"]', 'http = { url = "http://me:pw@x/{prompt}" }', r"a password in url would be published"),
    (
        'command = ["cat"]',
        'http = { url = "http://x/{prompt}", headers = { X-Api-Key = "s" } }',
        r"'X-Api-Key' in headers would be published",
    ),
    ('command = ["cat"]', 'http = { url = "http://x/" }', r"nothing would be asked"),
    ('command = ["cat"]', 'http = { url = "http://x/{prompt}", method = "DELETE" }', r"method is GET, POST or PUT"),
    (
        'command = ["cat"]',
        'http = { url = "http://x/", body = { d = 2026-01-01, p = "{prompt}" } }',
        r"write dates as text",
    ),
    ('no = "no"', "", r"takes yes and no together"),
    ('yes = "yes"\nno = "no"', "", r"\[response\] says how to read an answer"),
    ('no = "no"', 'no = "(no"', r"\[response\] no is no regular expression"),
    ('no = "no"', 'no = "no"\nat = "answer"', r"begins with a slash"),
    ('no = "no"', 'no = "no"\nat_least = 3', r"at_least goes with number"),
    ('no = "no"', 'no = "no"\n[pace]\ncalls_per_second = 0', r"calls_per_second and timeout are above 0"),
    ("[templates]", "[templates", r"probe.toml is not TOML"),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES, ids=[m[2][:40] for m in MISTAKES])
def test_mistakes(plan_of, old, new, message):
    assert old in PLAN
    with pytest.raises(ParameterError, match=message):
        plan_of(PLAN.replace(old, new, 1))


def test_controls_within_a_group_need_two_names(plan_of):
    one = PLAN.replace('["Bea", "Boris", "Basil"]', '["Bea"]').replace('["Rosa", "Remy"]', '["Rosa"]')
    with pytest.raises(ParameterError, match=r"need two names in a group. Give more names, or say same_group = 0"):
        plan_of(one)
    assert plan_of(one.replace("same_group = 1", "same_group = 0"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("kind,name\n", "has no column 'kind'"),
        ("name\nBea\n", "has no column 'kind'"),
        ("kind,name\nblue\n", "row 1: it has"),
    ],
)
def test_a_csv_that_does_not_fit(plan_of, rows, message):
    changed = PLAN.replace(
        'blue = ["Bea", "Boris", "Basil"]\nred = ["Rosa", "Remy"]', 'csv = "names.csv"\ngroup = "kind"'
    )
    with pytest.raises(ParameterError, match=message):
        plan_of(changed, names_csv=rows)


def test_there_is_no_such_plan(tmp_path):
    with pytest.raises(ParameterError, match=r"none.toml cannot be read"):
        read_plan(tmp_path / "none.toml")


def test_the_plan_in_the_documentation_is_one(plan_of):
    from pathlib import Path

    page = (Path(__file__).parents[4] / "docs" / "probe.md").read_text("utf-8")
    plan = plan_of(page.partition("```toml\n")[2].partition("```")[0])
    assert len(schedule(plan)) == 2 * (20 + 5 + 5) * 2
    assert plan.pace.retries == 4 and plan.response.at == "/choices/0/message/content"
