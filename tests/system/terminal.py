# SPDX-License-Identifier: MIT
"""Terminals for programs under test: a plain one that is read as bytes, and one inside tmux whose screen can be looked
at, photographed and read by a QR reader as a telephone would."""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

from patience import PATIENCE


class Closed(Exception):
    """The program ended or said something else while a text was waited for."""


class Terminal:
    """A program on a pseudo terminal of its own."""

    def __init__(self, argv, env=None, columns=80, rows=24):
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.master, self.output, self.seen = master, b"", 0
        # setsid makes the slave the controlling terminal and then becomes the program.
        self.process = subprocess.Popen(["setsid", "--ctty", *argv], stdin=slave, stdout=slave, stderr=slave, env=env)
        os.close(slave)

    def _read(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        self.output += data
        return bool(data)

    @property
    def text(self):
        return self.output.decode("utf-8", "backslashreplace").replace("\r", "")

    def expect(self, pattern, timeout=PATIENCE):
        """Waits for a regular expression in what has come since the last one; returns the match."""
        end = time.monotonic() + timeout
        while True:
            match = re.compile(pattern).search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            left = end - time.monotonic()
            if left <= 0:
                raise Closed(f"no {pattern!r} within {timeout} s in:\n{self.text}")
            if not self._read(left):
                match = re.compile(pattern).search(self.text, self.seen)
                if match:
                    continue
                raise Closed(f"ended without {pattern!r}:\n{self.text}")

    def send(self, text):
        os.write(self.master, text.encode())

    def finish(self, timeout=PATIENCE):
        """Reads to the end; returns the exit status."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if not self._read(0.1):
                break
            if self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]:
                break
        return self.process.wait(max(0.1, end - time.monotonic()))

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Screen:
    """A program in a tmux window of a given size."""

    def __init__(self, argv, columns=80, rows=24):
        self.socket = tempfile.mktemp(prefix="tmux.", dir="/tmp")
        self.size = (columns, rows)
        config = self.socket + ".conf"
        with open(config, "w", encoding="ascii") as f:
            f.write("set -g remain-on-exit on\nset -g status off\nset -g default-terminal screen\n")
        self._tmux("-f", config, "new-session", "-d", "-x", str(columns), "-y", str(rows), "--", *argv)

    def _tmux(self, *args):
        return subprocess.run(["tmux", "-u", "-S", self.socket, *args], check=True, capture_output=True).stdout

    @property
    def lines(self):
        text = self._tmux("capture-pane", "-p").decode()
        return (text.split("\n") + [""] * self.size[1])[:self.size[1]]

    @property
    def text(self):
        return "\n".join(self.lines)

    def expect(self, pattern, timeout=PATIENCE):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            match = re.search(pattern, self.text)
            if match:
                return match
            time.sleep(0.1)
        raise Closed(f"no {pattern!r} within {timeout} s on:\n{self.text}")

    def send(self, text):
        self._tmux("send-keys", "-l", text)

    def enter(self):
        self._tmux("send-keys", "Enter")

    def picture(self, path, light=False):
        draw_screen(self.lines, self.size, path, light)

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


CELL = (10, 20)
# Block elements fill their part of the cell exactly, as terminals draw them: (top, bottom) in halves of the height.
BLOCKS = {"\u2588": (0, 2), "\u2580": (0, 1), "\u2584": (1, 2)}


def draw_screen(lines, size, path, light=False):
    """What a camera would see of the screen."""
    from PIL import Image, ImageDraw, ImageFont
    ink, paper = ((24, 24, 24), (250, 250, 250)) if light else ((229, 229, 229), (12, 12, 12))
    width, height = CELL
    image = Image.new("RGB", (size[0] * width, size[1] * height), paper)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", 16)
    for y, line in enumerate(lines):
        for x, glyph in enumerate(line[:size[0]]):
            left, top = x * width, y * height
            if glyph in BLOCKS:
                start, stop = (part * height // 2 for part in BLOCKS[glyph])
                draw.rectangle((left, top + start, left + width - 1, top + stop - 1), fill=ink)
            elif glyph != " ":
                draw.text((left, top), glyph, fill=ink, font=font)
    image.save(path)


def read_qr(path):
    """The text of the one QR code on a picture, or None."""
    run = subprocess.run(["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", path], capture_output=True,
                         check=False)
    return run.stdout.decode().strip() or None
