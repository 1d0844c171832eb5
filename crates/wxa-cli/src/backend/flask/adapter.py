"""Hands requests of wasi:http to a WSGI application (PEP 3333). Made by wxa around the project's own code."""
import io
import os
import sys
from importlib import import_module
from urllib.parse import unquote_to_bytes

SURROUNDINGS = {"APP_DATA": "/data", "HOME": "/data", "TMPDIR": "/data", "LANG": "C.UTF-8"}
# Nothing of the machine that this is compiled on.
os.environ.clear()
os.environ.update(SURROUNDINGS)

from componentize_py_types import Ok
from wit_world.exports import IncomingHandler as Handler
from wit_world.imports import types
from wit_world.imports.types import Fields, IncomingBody, OutgoingBody, OutgoingResponse, ResponseOutparam

import webx_packed

app = import_module("__MODULE__")
for part in "__ATTRIBUTE__".split("."):
    app = getattr(app, part)
if not callable(app):
    raise TypeError("__MODULE__:__ATTRIBUTE__ is no WSGI application")


def warm():
    """Loads what a first request would load, so that it is part of the component. What it answers does not matter."""
    said = []

    def start_response(status, headers, exc_info=None):
        said.append(status)
        return lambda data: None

    quiet = io.StringIO()
    environ = base("GET", "/.webx-warm-up", "")
    environ["wsgi.errors"] = quiet
    environ["HTTP_HOST"] = "webx.localhost"
    try:
        for _ in app(environ, start_response) or ():
            pass
    except Exception:
        pass


def base(method, path, query):
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": path + ("?" + query if query else ""),
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "webx.localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def environ(request, body):
    """The request as PEP 3333 names it."""
    method = request.method()
    name = method.value if isinstance(method, types.Method_Other) else type(method).__name__[len("Method_") :].upper()
    path, _, query = (request.path_with_query() or "/").partition("?")
    found = base(name, path, query)
    for name, value in request.headers().entries():
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        value = value.decode("latin-1")
        found[key] = f"{found[key]}, {value}" if key in found and key.startswith("HTTP_") else value
    found["CONTENT_LENGTH"] = str(len(body))
    found["wsgi.input"] = io.BytesIO(body)
    host, _, port = found.setdefault("HTTP_HOST", request.authority() or "webx.localhost").partition(":")
    found["SERVER_NAME"], found["SERVER_PORT"] = host, port or "80"
    return found


def read(request):
    """The request's whole body."""
    body = request.consume()
    pieces = []
    with body.stream() as stream:
        try:
            while True:
                pieces.append(stream.blocking_read(1 << 16))
        except Exception:  # the stream says its end as an error
            pass
    IncomingBody.finish(body)
    return b"".join(pieces)


class Answer:
    """The answer, sent as the application gives it."""

    def __init__(self, out):
        self.out, self.status, self.headers, self.body, self.stream = out, None, None, None, None

    def start_response(self, status, headers, exc_info=None):
        if exc_info and self.body is not None:
            raise exc_info[1].with_traceback(exc_info[2])
        self.status, self.headers = int(status[:3]), headers
        return self.write

    def begin(self):
        fields = Fields.from_list([(name.lower(), value.encode("latin-1")) for name, value in self.headers])
        response = OutgoingResponse(fields)
        response.set_status_code(self.status)
        self.body = response.body()
        ResponseOutparam.set(self.out, Ok(response))
        self.stream = self.body.write()

    def write(self, piece):
        if self.body is None:
            self.begin()
        at = 0
        while at < len(piece):
            room = self.stream.check_write()
            if room == 0:
                self.stream.subscribe().block()
                continue
            self.stream.write(piece[at : at + room])
            at += room

    def end(self):
        if self.body is None:
            self.begin()
        self.stream.flush()
        self.stream.__exit__(None, None, None)
        OutgoingBody.finish(self.body, None)


class IncomingHandler(Handler):
    def handle(self, request, response_out):
        # The environment is read anew when the component starts, and is empty then.
        if "APP_DATA" not in os.environ:
            os.environ.update(SURROUNDINGS)
        bare = isinstance(request.method(), (types.Method_Get, types.Method_Head))
        answer = Answer(response_out)
        pieces = app(environ(request, b"" if bare else read(request)), answer.start_response)
        try:
            for piece in pieces:
                if piece:
                    answer.write(piece)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        answer.end()


warm()
# Last, so that what runs while this is compiled sees the files themselves.
# The compiler mounts the folders that wxa names as /0 and /1, and others of its own after them.
webx_packed.install("/0", ["/1"])
