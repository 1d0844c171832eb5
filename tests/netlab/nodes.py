"""The real program in a namespace, and the probe that streams."""
import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from spaces import LabError

PATIENCE = 60.0


def until(what: str, seconds: float, ask):
    """Asks until the answer is worth something."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise LabError(f"not in {seconds:.0f} s: {what}")
        time.sleep(0.2)


class Webx:
    """A node: `webx up --qnet any` in a namespace, with a data folder of its own."""

    def __init__(self, program: str, folder: Path, name: str):
        self.program, self.name = program, name
        self.data, self.pristine = folder / name, folder / f"{name}.new"
        self.secret = folder / "passphrase"
        self.secret.touch(mode=0o600)
        self.secret.write_text("a passphrase for nodes that hold nothing\n")
        made = subprocess.run([program, "--data", str(self.pristine), "--yes", "--json", "init", "--name", name, "--device", name,
                               "--passphrase-file", str(self.secret)], capture_output=True, text=True, check=False)
        if made.returncode:
            raise LabError(f"no identity: {made.stderr.strip()}")
        self.did = json.loads(made.stdout)["did"]
        self.process: subprocess.Popen | None = None
        self.space = self.id = self.said = ""

    def start(self, space: str) -> "Webx":
        """From a fresh folder. Returns before it is ready."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.pristine, self.data)
        self.space = space
        log = open(self.data / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", space, self.program, "--data", str(self.data), "up", "--port", "0", "--no-open",
             "--qnet", "any", "--passphrase-file", str(self.secret)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
        return self

    def ask(self, *words: str):
        """What a command says, or none if it was refused."""
        done = subprocess.run(["ip", "netns", "exec", self.space, self.program, "--data", str(self.data), "--json", *words],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            self.said = done.stderr.strip()
            return None
        return json.loads(done.stdout)

    def ready(self) -> dict:
        def up():
            if self.process.poll() is not None:
                raise LabError(f"{self.name} ended: {(self.data / 'log').read_text()[-400:]}")
            return self.ask("net", "topology")
        seen = until(f"{self.name} is on QNet", PATIENCE, up)
        self.id = seen["id"]
        return seen

    def join(self, invite: str) -> dict:
        """Joins, and waits until a relay has taken this node in."""
        if not self.ask("net", "join", invite):
            raise LabError(f"{self.name} did not join: {self.said}")
        return until(f"{self.name} has a relay", PATIENCE, lambda: self.on_a_relay())

    def on_a_relay(self):
        seen = self.ask("net", "topology")
        return seen if seen and seen["relays"] and seen["peers"] else None

    def route(self, node: str) -> tuple[str, str, str] | None:
        """Kind and address of the path that a ping took, and whom it proved; none if it failed."""
        pong = self.ask("net", "ping", node)
        while not pong and '"busy"' in self.said:
            # A peer answers so many pings a second, and no more.
            time.sleep(1)
            pong = self.ask("net", "ping", node)
        if not pong:
            return None
        chosen = [path for path in pong["paths"] if path["selected"]]
        return (chosen[0]["kind"], chosen[0]["address"], pong["did"]) if chosen else None

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None


class Probe:
    """`nat_probe` in a namespace, spoken to in lines."""

    def __init__(self, space: str, program: str, *arguments: str):
        self.lines: queue.Queue = queue.Queue()
        self.process = subprocess.Popen(["ip", "netns", "exec", space, program, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.split())
        self.lines.put(None)

    def next(self, seconds: float = PATIENCE) -> list[str]:
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise LabError(f"the probe said nothing for {seconds:.0f} s") from None
        if line is None:
            raise LabError(f"the probe ended: {self.process.stderr.read().strip()[-400:]}")
        return line

    def until(self, *wanted: str, seconds: float = PATIENCE) -> list[str]:
        """Reads on to a line that begins so."""
        end = time.monotonic() + seconds
        while True:
            line = self.next(max(0.1, end - time.monotonic()))
            if tuple(line[:len(wanted)]) == wanted:
                return line

    def tell(self) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()

    def end(self) -> None:
        self.tell()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
