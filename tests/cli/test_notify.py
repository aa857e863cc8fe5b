"""A test message goes the way that notifications go."""

import json


def test_a_test_message_arrives_before_a_campaign_has_begun(here, call):
    (here / "tell.sh").write_text(f"#!/bin/sh\ncat > {here}/told.json\n")
    (here / "tell.sh").chmod(0o755)
    (here / "mine.toml").write_text('name = "mine"\n[notify]\ncommand = "./tell.sh"\n')
    said = call("notify", "mine.toml")
    assert (said.code, said.err) == (0, "command: sent\n")
    told = json.loads((here / "told.json").read_text())
    assert (told["event"], told["campaign"], told["folder"]) == ("test", "mine", str(here / "runs" / "mine"))
    assert set(told) == {"event", "campaign", "folder", "time", "iteration", "subject", "decided", "why"}


def test_a_channel_that_fails_is_named_and_the_others_are_tried(here, call):
    (here / "tell.sh").write_text("#!/bin/sh\ncat > /dev/null; echo no route >&2; exit 3\n")
    (here / "tell.sh").chmod(0o755)
    (here / "mine.toml").write_text(
        'name = "mine"\n[notify]\ncommand = "./tell.sh"\nping = "http://127.0.0.1:9/check"\n'
    )
    said = call("notify", "mine.toml")
    assert said.code == 1
    lines = said.err.splitlines()
    assert lines[0] == "command: AutodiscoError: exit code 3: no route"
    assert lines[1].startswith("ping: URLError: ")
    assert lines[2] == "error: not delivered by command and ping"


def test_without_a_channel_nobody_is_notified(here, call):
    (here / "mine.toml").write_text('name = "mine"\n')
    said = call("notify", "mine.toml")
    assert said.code == 2
    assert "nobody is notified: [notify] has no command, apprise or ping" in said.err
