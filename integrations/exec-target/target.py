#!/usr/bin/env python3
"""A program for Latchkey's provider `exec`, in Python without packages. It keeps grants in a file. Put your own system where it says
"Yours". It is run once for each question: JSON on standard input, JSON on standard output, and an exit code.
    config: { program: /opt/latchkey/targets/billing, env: { STATE: /var/lib/billing/grants.json }, supports: [extend, list, close] }
"""
import fcntl
import json
import os
import secrets
import sys
from contextlib import contextmanager

UNKNOWN_ACTION, UNAVAILABLE, DENIED, MISCONFIGURED = 64, 75, 77, 78
STATE = os.environ.get("STATE", "")


def stop(code, words):
    """The last line of standard error reaches the admins of Latchkey: put no secret there."""
    print(words, file=sys.stderr)
    sys.exit(code)


@contextmanager
def grants():
    """One program at a time; what is half written is never read."""
    with open(STATE + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with open(STATE) as file:
                kept = json.load(file)
        except FileNotFoundError:
            kept = {}
        before = json.dumps(kept)
        yield kept
        if json.dumps(kept) != before:
            descriptor = os.open(STATE + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(kept, file)
            os.replace(STATE + ".new", STATE)


def grant(question, kept):
    grant_id = question["grant_id"]
    account = "lk_" + grant_id
    # The same id again is the same question: it gets the same answer, so that a lost one costs nothing.
    if kept.get(grant_id, {}).get("asked") != question["id"]:
        # Yours: make the account, or give it a new password and deadline where it is there already.
        kept[grant_id] = {
            "asked": question["id"],
            "account": account,
            "token": secrets.token_urlsafe(32),
            "scope": question["scope"],
            "expires_at": question["expires_at"],
            "closed": False,
        }
    return {
        "handle": {"account": account},
        "fields": [
            {"name": "user", "label": "User", "value": account, "secret": False},
            {"name": "password", "label": "Password", "value": kept[grant_id]["token"], "env": "APP_TOKEN"},
        ],
        "instructions": "Log in with this user and password.",
    }


def close(question, kept):
    """Quick: no one gets in any more, and open sessions are cut. The account may still be there."""
    found = kept.get(question["grant_id"])
    if found is None:
        return {"outcome": "absent"}
    # Yours: lock the account and end its sessions.
    found["closed"] = True
    return {"outcome": "closed"}


def revoke(question, kept):
    """Also for something that was never made, or is gone."""
    # Yours: lock the account, end its sessions, remove it.
    return {"outcome": "already_absent" if kept.pop(question["grant_id"], None) is None else "removed"}


def check(question, kept):
    """Ask your system, never a memory of what you did."""
    found = kept.get(question["grant_id"])
    return {"state": "absent" if found is None else "closed" if found["closed"] else "present"}


def extend(question, kept):
    found = kept.get(question["grant_id"])
    if found is None or found["closed"]:
        stop(DENIED, "this access has ended")
    found["expires_at"] = question["expires_at"]
    return {"expires_at": found["expires_at"]}


def list_all(_question, kept):
    return {
        "grants": [
            {"grant_id": grant_id, "handle": {"account": one["account"]}, "expires_at": one["expires_at"]}
            for grant_id, one in kept.items()
        ]
    }


ACTIONS = {"grant": grant, "close": close, "revoke": revoke, "check": check, "extend": extend, "list": list_all}


def main():
    if not STATE:
        stop(MISCONFIGURED, "STATE is not set: give it in the config of the target, under env")
    question = json.load(sys.stdin)
    action = ACTIONS.get(question["action"])
    if question["version"] != 1 or action is None:
        stop(UNKNOWN_ACTION, "this action is not known here")
    try:
        with grants() as kept:
            answer = action(question, kept)
    except OSError as error:
        stop(UNAVAILABLE, "the grants cannot be read or written: " + str(error.strerror))
    json.dump(answer, sys.stdout)


main()
