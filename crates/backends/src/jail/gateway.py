"""The first and last code of ours inside the jail: a small WSGI server over sockets that the node hands in.

Standard input is the door, a stream of one-byte messages, some with a descriptor:
  node: S + socket   serve the one HTTP/1.1 request on it        C + socket   the connection asked for, to the proxy
        X            no connection now
  here: R            the application is loaded                   C            give me a connection to the proxy
When the door closes, this process ends.
"""

import collections, io, os, queue, socket, sys, threading, traceback

MODULE, ATTRIBUTE, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path[:0] = sys.argv[4:]
sys.argv = [MODULE]

door = socket.socket(fileno=os.dup(0))
os.set_inheritable(door.fileno(), False)
with open(os.devnull, "rb") as nothing:
    os.dup2(nothing.fileno(), 0)
sys.stdout.reconfigure(line_buffering=True, errors="replace")
sys.stderr.reconfigure(line_buffering=True, errors="replace")

work = queue.SimpleQueue()
connections = queue.SimpleQueue()
speaking = threading.Lock()


def say(word):
    with speaking:
        door.sendall(word)


# ---- outgoing: ordinary sockets become tunnels through the node's proxy, which asks the person's grants ----

Plain = socket.socket
NAMES = collections.OrderedDict()


class Socket(Plain):
    """A TCP socket whose connect() goes through the node's proxy. Every other kind is refused by the kernel."""

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        self._far = None
        stream = type in (-1, socket.SOCK_STREAM) or type & 0xF == socket.SOCK_STREAM
        if fileno is None and family in (-1, socket.AF_INET, socket.AF_INET6) and stream:
            say(b"C")
            fileno = connections.get()
            if fileno is None:
                raise OSError(24, "the app has too many connections")
            super().__init__(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno)
            self._far = ("", 0)
        else:
            super().__init__(family, type, proto, fileno)

    def connect(self, address):
        if self._far is None:
            return super().connect(address)
        host, port = address[0], int(address[1])
        name = "[%s]" % host if ":" in host else host
        wait = self.gettimeout()
        self.settimeout(wait or 30)
        self.sendall(("CONNECT %s:%d HTTP/1.1\r\n\r\n" % (name, port)).encode("idna" if not name.isascii() else "ascii"))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            byte = self.recv(1)
            if not byte or len(answer) > 4096:
                raise ConnectionRefusedError(111, "the connection was refused")
            answer += byte
        self.settimeout(wait)
        status, _, reason = answer.decode("utf-8", "replace").partition("\r\n")[0].partition(" ")[2].partition(" ")
        if status != "200":
            raise PermissionError(13, reason or "the connection was refused")
        self._far = (host, port)

    def connect_ex(self, address):
        try:
            self.connect(address)
            return 0
        except OSError as error:
            return error.errno or 111

    def getpeername(self):
        return super().getpeername() if self._far is None else self._far

    def getsockname(self):
        return super().getsockname() if self._far is None else ("127.0.0.1", 0)

    def setsockopt(self, level, *rest):
        # Options of TCP mean nothing to a tunnel.
        if self._far is None or level == socket.SOL_SOCKET:
            super().setsockopt(level, *rest)


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """Names are looked up by the proxy; here every name stands for itself."""
    if host is None:
        host = "127.0.0.1"
    if isinstance(host, bytes):
        host = host.decode("ascii")
    if isinstance(port, str):
        port = {"https": 443, "http": 80}.get(port) or int(port)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port or 0))]


socket.socket = socket.SocketType = Socket
socket.getaddrinfo = getaddrinfo
socket.gethostbyname = lambda host: host
socket.has_ipv6 = False


# ---- incoming: one request on each socket ----


class Body(io.RawIOBase):
    """The request's body: exactly its length."""

    def __init__(self, stream, length):
        self.stream, self.left = stream, length

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.left:
            return 0
        data = self.stream.read1(min(len(buffer), self.left))
        self.left -= len(data)
        buffer[: len(data)] = data
        return len(data)


def serve(application, connection):
    stream = connection.makefile("rb", 65536)
    method, target, _ = stream.readline(65537).decode("latin-1").split(" ", 2)
    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "SERVER_NAME": "webx.localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    while True:
        line = stream.readline(65537).decode("latin-1").rstrip("\r\n")
        if not line:
            break
        name, _, value = line.partition(":")
        key, value = name.upper().replace("-", "_"), value.strip()
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        environ[key] = environ[key] + ("; " if key == "HTTP_COOKIE" else ", ") + value if key in environ else value
    host, _, port = environ.get("HTTP_HOST", "").partition(":")
    environ["SERVER_NAME"], environ["SERVER_PORT"] = host or "webx.localhost", port or "80"
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = io.BufferedReader(Body(stream, length))
    environ["wsgi.input_terminated"] = True
    Answer(connection, method).give(application, environ)


class Answer:
    """The application's answer, written as it comes."""

    def __init__(self, connection, method):
        self.connection, self.method = connection, method
        self.status, self.headers, self.begun, self.chunked = None, [], False, False

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status is not None:
            raise AssertionError("start_response was called twice")
        self.status, self.headers = status, list(headers)
        return self.write

    def head(self, length=None):
        lines = ["HTTP/1.1 " + self.status]
        bodiless = self.method == "HEAD" or self.status[:3] in ("204", "304") or self.status[:1] == "1"
        sized = False
        for name, value in self.headers:
            if any(c in name + value for c in "\r\n\0"):
                raise ValueError("a header of the answer has a line break in it")
            lower = name.lower()
            sized = sized or lower == "content-length"
            if lower not in ("connection", "transfer-encoding", "keep-alive", "upgrade", "trailer"):
                lines.append("%s: %s" % (name, value))
        if not sized and not bodiless:
            if length is not None:
                lines.append("Content-Length: %d" % length)
            else:
                lines.append("Transfer-Encoding: chunked")
                self.chunked = True
        self.begun, self.bodiless = True, bodiless
        return ("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode("latin-1")

    def write(self, data, length=None):
        out = b"" if self.begun else self.head(length)
        if data and not self.bodiless:
            out += b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data
        self.connection.sendall(out)

    def give(self, application, environ):
        parts = application(environ, self.start_response)
        try:
            whole = len(parts) == 1 if isinstance(parts, (list, tuple)) else False
            for part in parts:
                if part or whole:
                    self.write(part, len(part) if whole else None)
            if self.status is None:
                raise AssertionError("the application gave no status")
            if not self.begun:
                self.write(b"", 0)
            if self.chunked:
                self.connection.sendall(b"0\r\n\r\n")
        finally:
            if hasattr(parts, "close"):
                parts.close()


def unquote(path):
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(path).decode("latin-1")


FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 28\r\nConnection: close\r\n\r\nThe application has failed.\n"


def worker(application):
    while True:
        connection = Plain(fileno=work.get())
        try:
            serve(application, connection)
        except (BrokenPipeError, ConnectionResetError):
            pass
        except BaseException:
            traceback.print_exc()
            try:
                # When its head is out already, the broken end tells the node.
                connection.sendall(FAILED)
            except OSError:
                pass
        finally:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()


def attend():
    """Waits at the door."""
    while True:
        word, descriptors, _, _ = socket.recv_fds(door, 1, 4)
        if not word:
            os._exit(0)
        if word == b"S" and descriptors:
            work.put(descriptors[0])
        elif word == b"C" and descriptors:
            connections.put(descriptors[0])
        elif word == b"X":
            connections.put(None)


def main():
    import importlib, mimetypes

    mimetypes.knownfiles = []
    threading.stack_size(1 << 20)
    threading.Thread(target=attend, daemon=True).start()
    application = importlib.import_module(MODULE)
    for name in ATTRIBUTE.split("."):
        application = getattr(application, name)
    if not callable(application):
        raise TypeError("%s:%s is no WSGI application" % (MODULE, ATTRIBUTE))
    for _ in range(THREADS - 1):
        threading.Thread(target=worker, args=(application,), daemon=True).start()
    say(b"R")
    worker(application)


try:
    main()
except BaseException:
    traceback.print_exc()
    sys.stderr.flush()
    os._exit(1)
