"""Hands requests of wasi:http to a WSGI application."""
import io
import sys
from urllib.parse import unquote_to_bytes

from componentize_py_types import Ok
from wit_world.exports import IncomingHandler as Handler
from wit_world.imports import types
from wit_world.imports.types import Fields, IncomingBody, OutgoingBody, OutgoingResponse, ResponseOutparam

from notes import app

PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
# What a first request would load; loaded now, it is part of the component.
app.test_client().get("/notes")


def environ(request, method, body):
    """The request as PEP 3333 names it."""
    name = method.value if isinstance(method, types.Method_Other) else type(method).__name__[len("Method_"):].upper()
    path, _, query = (request.path_with_query() or "/").partition("?")
    found = {
        "REQUEST_METHOD": name,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "webx.localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers().entries():
        key = PLAIN.get(name) or "HTTP_" + name.upper().replace("-", "_")
        value = value.decode("latin-1")
        found[key] = f"{found[key]},{value}" if key in found else value
    found["CONTENT_LENGTH"] = str(len(body))
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


def write(body, whole):
    """All of the answer, in as few calls as there can be."""
    with body.write() as stream:
        if len(whole) <= 4096:
            stream.blocking_write_and_flush(whole)
        else:
            at = 0
            while at < len(whole):
                room = stream.check_write()
                if room == 0:
                    stream.subscribe().block()
                    continue
                stream.write(whole[at:at + room])
                at += room
            stream.flush()
    OutgoingBody.finish(body, None)


class IncomingHandler(Handler):
    def handle(self, request, response_out):
        method = request.method()
        bare = isinstance(method, (types.Method_Get, types.Method_Head))
        said = {}

        def start_response(status, headers, exc_info=None):
            said["status"], said["headers"] = int(status[:3]), headers

        pieces = app(environ(request, method, b"" if bare else read(request)), start_response)
        try:
            whole = b"".join(pieces)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        fields = Fields.from_list([(name.lower(), value.encode("latin-1")) for name, value in said["headers"]])
        response = OutgoingResponse(fields)
        response.set_status_code(said["status"])
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        write(body, whole)
