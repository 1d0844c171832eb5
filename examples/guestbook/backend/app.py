"""A guestbook. `flask run` in this folder starts it; nothing here knows of WEB X. OS but the name of one variable."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

from flask import Flask, abort, jsonify, redirect, render_template, request, url_for

app = Flask(__name__)

COLOURS = ["rust", "moss", "sky", "plum", "gold"]
PAGE = 20
LONGEST = {"name": 60, "text": 500}


def database():
    """The guestbook's file: in the folder that the desktop keeps in the vault, or beside this file."""
    folder = Path(os.environ.get("APP_DATA") or Path(__file__).parent / "data")
    folder.mkdir(exist_ok=True)
    db = sqlite3.connect(folder / "guestbook.db")
    db.row_factory = sqlite3.Row
    db.execute(
        "create table if not exists entry ("
        " id integer primary key, name text not null, text text not null, colour text not null, at text not null)"
    )
    return closing(db)


@app.template_filter("ago")
def ago(text):
    """How long ago a time was, in words."""
    seconds = int((datetime.now(timezone.utc) - datetime.fromisoformat(text)).total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def complaint(given):
    """What is wrong with a new entry, if anything is."""
    if not given["name"] or not given["text"]:
        return "Please write your name and a few lines."
    for field, most in LONGEST.items():
        if len(given[field]) > most:
            return f"Please use at most {most} characters for your {field}."
    return None


@app.get("/")
def index():
    page = max(1, request.args.get("page", 1, type=int))
    with database() as db:
        total = db.execute("select count(*) from entry").fetchone()[0]
        entries = db.execute("select * from entry order by id desc limit ? offset ?", (PAGE, (page - 1) * PAGE)).fetchall()
    return render_template(
        "index.html",
        entries=entries,
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE)),
        colours=COLOURS,
        signed=request.args.get("signed", type=int),
        wrong=None,
        given={},
    )


@app.post("/")
def sign():
    given = {field: request.form.get(field, "").strip() for field in ("name", "text")}
    colour = request.form.get("colour", COLOURS[0])
    wrong = complaint(given)
    if colour not in COLOURS:
        abort(400)
    if wrong:
        page = render_template(
            "index.html", entries=[], total=0, page=1, pages=1, colours=COLOURS, signed=None, wrong=wrong, given=given
        )
        return page, 422
    with database() as db, db:
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        cursor = db.execute(
            "insert into entry (name, text, colour, at) values (?, ?, ?, ?)", (given["name"], given["text"], colour, at)
        )
    return redirect(url_for("index", signed=cursor.lastrowid))


@app.post("/entries/<int:entry>/remove")
def remove(entry):
    with database() as db, db:
        if not db.execute("delete from entry where id = ?", (entry,)).rowcount:
            abort(404)
    return redirect(url_for("index"))


@app.get("/entries.json")
def entries():
    with database() as db:
        rows = db.execute("select id, name, text, colour, at from entry order by id desc limit 200").fetchall()
    return jsonify([dict(row) for row in rows])
