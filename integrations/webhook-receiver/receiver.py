#!/usr/bin/env python3
"""A receiver for Latchkey's provider `webhook`, with Python's standard library alone. It keeps grants in a file.

Put your own system where it says "Yours". WEBHOOK_SECRET=whsec_... PORT=8080 STATE=grants.json python3 receiver.py
"""
import base64
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].replace("whsec_", "", 1))
STATE = os.environ.get("STATE", "grants.json")
TOLERANCE_S = 300
LONGEST = 65536
LOCK = threading.Lock()

if len(SECRET) < 24:
    raise SystemExit("WEBHOOK_SECRET must be whsec_ and at least 24 bytes in base64")


def is_signed(headers, body):
    """Standard Webhooks: HMAC-SHA256 over id, time and the exact bytes of the body; any of the signatures may fit."""
    ident, when = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not ident or not when.isdigit() or abs(time.time() - int(when)) > TOLERANCE_S:
        return False
    right = base64.b64encode(hmac.new(SECRET, f"{ident}.{when}.".encode() + body, hashlib.sha256).digest())
    given = [one[3:].encode() for one in headers.get("webhook-signature", "").split(" ") if one.startswith("v1,")]
    return any(hmac.compare_digest(one, right) for one in given)


def load():
    if not os.path.exists(STATE):
        return {}
    with open(STATE, encoding="utf-8") as file:
        return json.load(file)


def save(grants):
    with open(os.open(STATE + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(grants, file)
    os.replace(STATE + ".new", STATE)


def grant(question, ident):
    """The same id again is the same question: it gets the same answer, so that a lost one costs nothing."""
    grants, key = load(), question["grant_id"]
    account = f"lk_{key}"
    if grants.get(key, {}).get("asked") != ident:
        # Yours: make the account, or give it a new password and deadline where it is there already.
        holder = (question.get("person") or question.get("client"))["name"]
        kept = {"scope": question["scope"], "expires_at": question["expires_at"], "holder": holder, "closed": False}
        grants[key] = {"asked": ident, "account": account, "token": secrets.token_urlsafe(32), **kept}
        save(grants)
    fields = [
        {"name": "user", "label": "User", "value": account, "secret": False},
        {"name": "password", "label": "Password", "value": grants[key]["token"], "env": "APP_TOKEN"},
    ]
    return {"handle": {"account": account}, "fields": fields, "instructions": "Log in with this user and password."}


def close(question, _ident):
    """Quick: no one gets in any more, and open sessions are cut. The account may still be there."""
    grants = load()
    if question["grant_id"] not in grants:
        return {"outcome": "absent"}
    # Yours: lock the account and end its sessions.
    grants[question["grant_id"]]["closed"] = True
    save(grants)
    return {"outcome": "closed"}


def revoke(question, _ident):
    """For something that was never made, or is gone, too."""
    grants = load()
    if question["grant_id"] not in grants:
        return {"outcome": "already_absent"}
    # Yours: lock the account, end its sessions, remove it.
    del grants[question["grant_id"]]
    save(grants)
    return {"outcome": "removed"}


def check(question, _ident):
    """Ask your system, never a memory of what you did."""
    found = load().get(question["grant_id"])
    return {"state": "absent" if found is None else "closed" if found.get("closed") else "present"}


def extend(question, _ident):
    grants = load()
    if question["grant_id"] not in grants or grants[question["grant_id"]].get("closed"):
        return None
    grants[question["grant_id"]]["expires_at"] = question["expires_at"]
    save(grants)
    return {"expires_at": load()[question["grant_id"]]["expires_at"]}


def list_grants(_question, _ident):
    return {
        "grants": [
            {"grant_id": key, "handle": {"account": one["account"]}, "expires_at": one["expires_at"]}
            for key, one in load().items()
        ]
    }


VERBS = {"grant": grant, "close": close, "revoke": revoke, "check": check, "extend": extend, "list": list_grants}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        length = int(self.headers.get("content-length", "0"))
        if length > LONGEST:
            self.close_connection = True
            return self.answer(400, {"error": "at most 64 KB"})
        body = self.rfile.read(length)
        if not is_signed(self.headers, body):
            return self.answer(401, {"error": "not signed by Latchkey"})
        question = json.loads(body)
        verb = VERBS.get(question.get("action"))
        if question.get("version") != 1 or verb is None:
            return self.answer(501, {"error": "unknown action"})
        with LOCK:
            said = verb(question, self.headers["webhook-id"])
        return self.answer(410, {"error": "no such grant"}) if said is None else self.answer(200, said)

    def log_message(self, *_arguments):
        """Bodies hold credentials, and an access log is the web server's in front."""


server = ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))), Receiver)
print("ready", flush=True)
server.serve_forever()
