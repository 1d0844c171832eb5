"""An ordinary Flask application, as the tests and the bench know it.

A component holds the modules that are loaded while it is made, so imports stand at the top.
"""
import json
import pathlib
import socket
import sqlite3
import sys

from flask import Flask, abort, jsonify, request

app = Flask(__name__)
NOTES = [{"id": n, "text": f"note {n}"} for n in range(20)]


@app.get("/notes")
def notes():
    return jsonify(NOTES)


@app.get("/hello")
def hello():
    return "hello"


@app.get("/who")
def who():
    return {name: value for name, value in request.headers.items()}


@app.post("/echo")
def echo():
    return request.get_data()


@app.get("/crash")
def crash():
    abort(500)


@app.get("/exit")
def leave():
    sys.exit(3)


@app.get("/print")
def say():
    print("out from flask")
    print("err from flask", file=sys.stderr)
    return "said"


@app.get("/spin")
def spin():
    while True:
        pass


COUNT = pathlib.Path("visits.json")


@app.post("/visits")
def visit():
    count = (json.loads(COUNT.read_text()) if COUNT.exists() else 0) + 1
    COUNT.write_text(json.dumps(count))
    return str(count)


@app.get("/sqlite")
def sqlite():
    with sqlite3.connect("notes.db") as db:
        db.execute("create table if not exists note (text text)")
        db.execute("insert into note values ('kept')")
        return str(db.execute("select count(*) from note").fetchone()[0])


@app.get("/socket")
def sockets():
    try:
        socket.create_connection(("127.0.0.1", 80), timeout=1)
    except OSError as error:
        return f"refused: {error}"
    return "connected"
