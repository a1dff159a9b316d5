"""The sandbox as a program of its own, over real sockets."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sandbox_program import WAIT_S, command, served


@pytest.mark.parametrize("end", ["stdin", signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_told(end: str | signal.Signals) -> None:
    with served() as sandbox:
        assert sandbox.client.get("/health").json() == {"status": "healthy"}
        if isinstance(end, signal.Signals):
            sandbox.process.send_signal(end)
        else:
            assert sandbox.process.stdin is not None
            sandbox.process.stdin.close()
        assert sandbox.process.wait(WAIT_S) == 0


def test_it_does_not_outlive_a_parent_that_is_killed() -> None:
    child = command("--port", "0", "--announce", "json", "--until-stdin-closes", "--in-memory")
    parent = ("import subprocess, sys, time\n"
              f"subprocess.Popen({child!r}, stdin=subprocess.PIPE, stdout=sys.stdout)\n"
              "time.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout is not None
        address = httpx.URL(json.loads(process.stdout.readline())["url"])
        process.kill()
        assert process.stdout.read() == ""  # ends when the last holder of the pipe is gone
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.host, address.port or 0), timeout=1)


def test_jobs_and_links_survive_a_kill(tmp_path: Path) -> None:
    folder = ("--folder", str(tmp_path / "deep" / "sandbox"), "--speed", "1000")
    with served(*folder) as sandbox:
        job_id = sandbox.start().json()["generation_id"]
    with served(*folder) as sandbox:
        assert [row["id"] for row in sandbox.books()["rows"]] == [job_id]
        while not (outputs := sandbox.client.get(f"/v1/generate/media/{job_id}").json()["outputs"]):
            pass
        assert outputs[0]["url"].startswith(sandbox.told["url"])


def test_a_lost_reply_is_a_closed_connection_and_a_charge(tmp_path: Path) -> None:
    with served(faults="lost_reply: {first: 2}", tmp_path=tmp_path) as sandbox:
        for charged in (1, 2):
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                sandbox.start()
            assert sandbox.books()["jobs"] == charged
        assert sandbox.start().status_code == 200


def test_a_lost_request_charges_nothing(tmp_path: Path) -> None:
    with served(faults="lost_request: {first: 1}", tmp_path=tmp_path) as sandbox:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
            sandbox.start()
        assert sandbox.books()["jobs"] == 0


@pytest.mark.parametrize(("kind", "error"), [
    ("wrong_length", httpx.RemoteProtocolError),
    ("reset", (httpx.ReadError, httpx.RemoteProtocolError)),
])
def test_a_download_breaks_on_the_wire(kind: str, error: type[Exception], tmp_path: Path) -> None:
    faults = f"broken_download: {{kind: {kind}, first: 1}}"
    with served("--speed", "1000", faults=faults, tmp_path=tmp_path) as sandbox:
        url = sandbox.finished_url()
        with pytest.raises(error):
            sandbox.client.get(url)
        whole = sandbox.client.get(url)
        assert (whole.status_code, whole.headers["content-type"]) == (200, "image/png")
        assert len(whole.headers.get_list("date")) == 1


def test_an_upload_streams_over_a_socket() -> None:
    content = bytes(range(256)) * 20_000
    with served() as sandbox:
        answer = sandbox.client.post("/v1/upload/media", files={"file": ("a.png", content)})
        assert sandbox.client.get(answer.json()["urls"][0]).content == content


def test_a_busy_port_is_one_line_and_exit_2() -> None:
    with served() as sandbox:
        port = str(httpx.URL(sandbox.told["url"]).port)
        second = subprocess.run(command("--port", port, "--in-memory"), capture_output=True,
                                text=True, timeout=WAIT_S, check=False)
    assert second.returncode == 2
    assert second.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in second.stderr


@pytest.mark.parametrize(("options", "said"), [
    (("--faults", "FILE"), "lost_replies"), (("--credits", "much"), "--credits"),
    (("--speed", "0"), "--speed"), (("--folder", "FILE"), "FILE"),
])
def test_wrong_options_are_exit_2(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    file = tmp_path / "FILE"
    file.write_text("lost_replies: 1")
    named = [str(file) if each == "FILE" else each for each in options]
    ended = subprocess.run(command("--port", "0", *named), capture_output=True, text=True,
                           timeout=WAIT_S, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_the_friendly_words_go_to_stderr() -> None:
    with subprocess.Popen(command("--port", "0", "--in-memory", "--speed", "60"),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said = process.stderr.readline() + process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
    assert "60 times as fast" in said
    assert "KUBEEZ_BASE_URL=http://127.0.0.1:" in said
    assert "KUBEEZ_API_KEY=anything" in said


def test_the_command_imports_nothing_heavy() -> None:
    check = ("import sys, pipeline.cli.sandbox; "
             "sys.exit(bool({'starlette', 'uvicorn', 'PIL', 'av', 'yaml', 'pipeline.sandbox'}"
             " & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
