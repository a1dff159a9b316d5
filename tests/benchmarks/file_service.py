"""A service of one file under any name, from a process of its own: a sound of 5 MB, by sendfile.

Law: it is never the limit. The kernel copies the file from its cache; a thread a connection.
"""

import socket
import sys
import tempfile
import threading
import wave
from pathlib import Path
from random import Random
from typing import BinaryIO

FILE_BYTES = 5_000_000
HEAD = (b"HTTP/1.1 200 OK\r\ncontent-type: audio/wav\r\ncontent-length: %d\r\n"
        b"etag: \"one\"\r\n\r\n")


def sound(path: Path) -> None:
    """A WAV of so many bytes: noise, which nothing on the way can make smaller."""
    head_bytes = 44
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(Random(1).randbytes(FILE_BYTES - head_bytes))


def answer(line: socket.socket, file: BinaryIO) -> None:
    """Every request of one connection, one after the other."""
    with line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        while piece := line.recv(65_536):
            waiting += piece
            while b"\r\n\r\n" in waiting:
                waiting = waiting.partition(b"\r\n\r\n")[2]
                line.sendall(HEAD % FILE_BYTES)
                line.sendfile(file, 0, FILE_BYTES)


def listen(server: socket.socket, path: Path) -> None:
    """A thread for each that calls."""
    while True:
        line, _ = server.accept()
        threading.Thread(target=_answer, args=(line, path), daemon=True).start()


def _answer(line: socket.socket, path: Path) -> None:
    try:
        with path.open("rb") as file:
            answer(line, file)
    except OSError:
        return  # the client has gone


def serve() -> None:
    """Serve until standard input ends; the address is the first line of standard output."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sound.wav")
        sound(path)
        server = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=listen, args=(server, path), daemon=True).start()
        sys.stdout.write(f"http://127.0.0.1:{server.getsockname()[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    serve()
