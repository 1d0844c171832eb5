"""An ordinary Flask app: `flask run` works as well."""
import json
import os
from pathlib import Path

from flask import Flask, redirect, render_template, request

app = Flask(__name__)
# The app's own folder, kept in the vault; without the desktop it is this one.
NAMES = Path(os.environ.get("APP_DATA", ".")) / "names.json"


def names():
    return json.loads(NAMES.read_text()) if NAMES.exists() else []


@app.get("/")
def index():
    return render_template("index.html", names=names())


@app.post("/")
def hello():
    name = request.form.get("name", "").strip()[:80]
    if name:
        NAMES.write_text(json.dumps([name, *names()][:50]))
    return redirect("/")
