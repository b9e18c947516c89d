#!/usr/bin/env python3
"""Checks the evidence of one grant of temporary access. Needs Python 3.8 and nothing else, and no network.

    python3 verify.py [BUNDLE] [--key VKEY] [--revoked FILE]

BUNDLE is the zip or the unpacked folder; the folder of this file by default. The folder of a report is checked, too: its
files, its checkpoint, that its register is complete in both forms, and that its sample is the one that had to be drawn. VKEY is the verifier key of the log, from
somewhere else than this bundle: with it, only that key counts. FILE has keys that were revoked, as after a theft, from the
owner of the log: a line "VKEY SIZE TIME" for each; what such a key signed of a longer log is refused. Exit code 0 only if everything holds. A verdict "erased" is
neither good nor broken: after the retention, personal texts are erased, and the log itself says so.

What is proved: the log that VKEY signed holds these events and says that there are no others about this grant up to
its removal; none was changed since; the policy is the one they were decided by; the target said that the access is gone.
Formats: C2SP signed-note, tlog-checkpoint, tlog-proof, tlog-cosignature; RFC 6962 (tree); RFC 8032 (Ed25519).
"""
import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]  # the folder of this file may be that of a bundle, and a csv.py in it would be run for Python's own

import base64, csv, hashlib, io, json, os, re, struct, zipfile, zlib

# --- Ed25519, verification only (RFC 8032, section 6) ---------------------------------------------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)

def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)

def times(n, point):
    result = (0, 1, 1, 0)
    while n > 0:
        if n & 1:
            result = add(result, point)
        point, n = add(point, point), n >> 1
    return result

def point_of(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)

BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

def ed25519(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = point_of(public), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or times(8, a)[0] % P == 0:  # a key of small order fits to everything
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0

# --- Formats --------------------------------------------------------------------------------------------------------
class Refused(Exception):
    pass

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def unbase64(text, what):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Refused("%s is no base64" % what)
    return data

def no_doubles(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)

def read_json(data, what):
    try:
        return json.loads(data, object_pairs_hook=no_doubles)
    except ValueError as error:
        raise Refused("%s is no JSON (%s)" % (what, error))

def parse_vkey(text):
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    data = unbase64(encoded, "the verifier key %s" % name)
    if not name or len(data) != 33 or data[0] not in (1, 4):
        raise Refused("%r is no verifier key" % text)
    if sha256(name.encode(), b"\n", data)[:4].hex() != key_id:
        raise Refused("the verifier key of %s does not fit to its id" % name)
    return {"name": name, "id": bytes.fromhex(key_id), "type": data[0], "public": data[1:]}

def parse_revoked(text):
    """The key of each line, the size of the log up to which it counts, and since when it was revoked."""
    revoked = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            parts = line.split()
            if len(parts) != 3 or not re.match("^[0-9]+$", parts[1]):
                raise Refused("the file of revoked keys has a line that is not VKEY SIZE TIME: %s" % line.strip())
            revoked.append((parse_vkey(parts[0])["public"], int(parts[1]), parts[2]))
    return revoked

def open_note(data, keys, what):
    """The text, and which of the keys signed it. A signature by a known key that does not hold refuses the note."""
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("%s is no UTF-8" % what)
    text, empty, lines = note.rpartition("\n\n")
    if not empty or not note.endswith("\n") or any(ord(c) < 32 and c != "\n" for c in note):
        raise Refused("%s is no signed note" % what)
    text, signers = text + "\n", []
    for line in lines[:-1].split("\n"):
        match = re.match("^\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)$", line)
        if not match:
            raise Refused("%s has a line that is no signature" % what)
        signature = unbase64(match.group(2), "a signature of %s" % what)
        for key in keys:
            if key["name"] != match.group(1) or key["id"] != signature[:4]:
                continue
            message, proof = text.encode(), signature[4:]
            if key["type"] == 4:
                message = b"cosignature/v1\ntime %d\n" % int.from_bytes(proof[:8], "big") + message
                proof = proof[8:]
            if not ed25519(key["public"], message, proof):
                raise Refused("the signature of %s by %s does not hold" % (what, key["name"]))
            signers.append(key)
    return text, signers

def root_from(leaf, index, size, path):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        raise Refused("the tree of the checkpoint has %d leaves, and the proof is of leaf %d" % (size, index))
    node, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Refused("its path is too long")
        if node & 1 or node == last:
            result = sha256(b"\x01", sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = sha256(b"\x01", result, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise Refused("its path is too short")
    return result

# --- The bundle -----------------------------------------------------------------------------------------------------
def read_zip(data):
    """Programs that unpack go by other parts of a zip than Python does. Of one that is plain, all of them make the same files."""
    files, at = {}, 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    for info in infos:
        if info.filename in files:
            raise Refused("a file stands in the zip twice")
        head = struct.unpack("<4s5H3I2H", data[at:at + 30].ljust(30, b"\0"))  # before each file; the same stands once more at the end
        name, end = data[at + 30:at + 30 + head[9]], at + 30 + head[9] + head[10] + info.compress_size
        packed, rest = data[end - info.compress_size:end], zlib.decompressobj(-15)
        said = (at, b"PK\3\4", info.flag_bits, info.compress_type, info.CRC, info.compress_size, info.file_size, info.orig_filename)
        is_plain = said == (info.header_offset, head[0], head[2], head[3]) + head[6:9] + (name.decode("utf-8", "replace"),)
        if not is_plain or head[2] & ~0x800 or head[3] not in (0, 8) or head[10] or info.extra or info.filename != info.orig_filename:
            raise Refused(NOT_PLAIN)
        found = packed if head[3] == 0 else rest.decompress(packed, info.file_size + 1)
        if len(found) != info.file_size or zlib.crc32(found) != info.CRC or (head[3] == 8 and (not rest.eof or rest.unused_data)):
            raise Refused(NOT_PLAIN)
        files[info.filename], at = found, end
    if archive.start_dir != at or data[-22:-18] != b"PK\5\6" or data[-2:] != b"\0\0" or data[-6:-2] != struct.pack("<I", at):
        raise Refused(NOT_PLAIN)
    return {name: found for name, found in files.items() if not name.endswith("/")}

NOT_PLAIN = "the zip is not as Latchkey makes it, so that a program may unpack other files than those that are checked; unpack it, and give the folder"

def read_bundle(path):
    if not os.path.isdir(path):
        with open(path, "rb") as file:
            return read_zip(file.read())
    files = {}
    for folder, _, names in os.walk(path):
        for name in names:
            whole = os.path.join(folder, name)
            with open(whole, "rb") as file:
                files[os.path.relpath(whole, path).replace(os.sep, "/")] = file.read()
    return files

def commitment(part, kind, seq):
    if set(part) == {"commitment"}:
        data = unbase64(part["commitment"], "a commitment of event %d" % seq)
        if len(data) != 32:
            raise Refused("a commitment of event %d is not 32 bytes" % seq)
        return data
    if set(part) != {"text", "salt"}:
        raise Refused("event %d has a part that is neither a text with its salt nor a commitment" % seq)
    salt = unbase64(part["salt"], "a salt of event %d" % seq)
    if len(salt) != 32:
        raise Refused("a salt of event %d is not 32 bytes" % seq)
    return sha256(("latchkey/event/%s/v2" % kind).encode(), salt, part["text"].encode())

def completeness(recorded, is_over):
    """How much of what was done the log has, in words."""
    total, sessions = sum(data["statements"] for data in recorded), sum(data.get("sessions", 0) for data in recorded)
    missing, lost = [gap for data in recorded for gap in data["missing"]], [one for data in recorded for one in data["lost"]]
    count = "%d statement%s" % (total, "" if total == 1 else "s")
    if not missing and not lost:
        return count + (", complete" if is_over else " so far")
    ranges = [("line %(from)d" if gap["from"] == gap["to"] else "lines %(from)d\u2013%(to)d") % gap + (" of session %s" % gap["session"] if sessions > 1 else "") for gap in missing[:5]]
    ranges += ["%d more ranges" % (len(missing) - 5)] if len(missing) > 5 else []
    return "; ".join([count] + ([", ".join(ranges) + " missing"] if missing else []) + list(dict.fromkeys(lost)))

class Erased(str):
    """A verdict that is neither good nor broken."""

class Bundle:
    def __init__(self, files, key, revoked=()):
        self.files, self.events, self.key, self.revoked = files, [], key, list(revoked)
        self.keys = [parse_vkey(key)] if key else [parse_vkey(line) for line in self.text("keys.txt").splitlines() if line.strip()]

    def text(self, name):
        if name not in self.files:
            raise Refused("%s is missing" % name)
        try:
            return self.files[name].decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("%s is no UTF-8" % name)

    def json(self, name):
        return read_json(self.text(name), name)

    def revocation(self, key, size):
        found = [(limit, since) for public, limit, since in self.revoked if public == key["public"] and size > limit]
        return min(found) if found else None

    def log_signers(self, signers, size):
        own = [key for key in signers if key["type"] == 1 and (self.key or key["name"] == self.origin)]
        good = [key for key in own if not self.revocation(key, size)]
        if own and not good:
            limit, since = self.revocation(own[0], size)
            raise Refused("the key of %s that signed this was revoked from %s on, when the log had %d leaves, and this is of %d leaves: the holder of a stolen key can make that" % (own[0]["name"], since, limit, size))
        return good

    def stated_size(self):
        """What the checkpoint says; check_checkpoint looks whether the signature holds."""
        lines = self.text("checkpoint").split("\n")
        return int(lines[1]) if len(lines) > 1 and re.match("^[0-9]+$", lines[1]) else 0

    def check_manifest(self):
        self.text("manifest.note"), self.text("manifest.json")
        self.origin = self.text("checkpoint").split("\n")[0]
        text, signers = open_note(self.files["manifest.note"], self.keys, "manifest.note")
        if not self.log_signers(signers, self.stated_size()):
            raise Refused("manifest.note is not signed by %s" % ("the key that was given" if self.key else "a key of keys.txt"))
        found = hashlib.sha256(self.files["manifest.json"]).hexdigest()
        if not text.startswith("latchkey/evidence/v1\n") or found not in text.split("\n"):
            raise Refused("manifest.note is about another manifest.json")
        manifest = self.json("manifest.json")
        listed = [entry["name"] for entry in manifest["files"]]
        if len(set(listed)) != len(listed):
            raise Refused("manifest.json lists a file twice")
        for entry in manifest["files"]:
            data = self.files.get(entry["name"])
            if data is None:
                raise Refused("%s is missing" % entry["name"])
            if len(data) != entry["size"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
                raise Refused("%s is not the file that manifest.json lists" % entry["name"])
        more = set(self.files) - set(listed) - {"manifest.json", "manifest.note"}
        if more:
            raise Refused("%s is not in manifest.json" % ", ".join(sorted(more)))
        self.grant, self.request = manifest["grant"], manifest["request"]
        self.redacted = manifest.get("isRedacted")
        return "%d files are those that %s signed" % (len(listed), signers[0]["name"])

    def check_checkpoint(self):
        text, signers = open_note(self.files["checkpoint"], self.keys, "checkpoint")
        if not self.log_signers(signers, self.stated_size()):
            raise Refused("the checkpoint is not signed by %s" % ("the key that was given" if self.key else "a key of keys.txt"))
        lines = text.split("\n")
        if len(lines) < 4 or not re.match("^(0|[1-9][0-9]*)$", lines[1]):
            raise Refused("the checkpoint has no size")
        self.size, self.root = int(lines[1]), unbase64(lines[2], "the root of the checkpoint")
        others = [key["name"] for key in signers if key["type"] == 4]
        return "%d leaves of the log %s%s" % (self.size, lines[0], "; witnessed by " + ", ".join(others) if others else "; no witness")

    def check_events(self):
        for line in self.text("events.jsonl").rstrip("\n").split("\n"):
            event = read_json(line, "a line of events.jsonl")
            seq = event["seq"]
            if type(seq) is not int:
                raise Refused("an event has no number")
            if self.events and seq == self.events[-1]["seq"]:
                raise Refused("event %d stands twice" % seq)
            if self.events and seq < self.events[-1]["seq"]:
                raise Refused("event %d is not in order" % seq)
            if "text" not in event["open"]:
                raise Refused("the open text of event %d is missing" % seq)
            event["entry"] = commitment(event["open"], "open", seq) + commitment(event["personal"], "personal", seq)
            event["facts"] = read_json(event["open"]["text"], "the open text of event %d" % seq)
            if self.grant != event["facts"].get("grantId") and self.request != event["facts"].get("requestId"):
                raise Refused("event %d is about neither grant %s nor its request %s" % (seq, self.grant, self.request))
            self.events.append(event)
        if not self.events:
            raise Refused("there are no events")
        return "%d events about grant %s and its request" % (len(self.events), self.grant)

    def check_inclusion(self):
        proofs = {name for name in self.files if name.startswith("proofs/")}
        before = None
        for event in self.events:
            name = "proofs/%d.tlog-proof" % event["seq"]
            proofs.discard(name)
            index = self.check_proof(event, self.text(name), name)
            if before not in (None, index - event["seq"]):
                raise Refused("%s is a proof for another place in the log" % name)
            before = index - event["seq"]
        if proofs:
            raise Refused("%s is about no event" % ", ".join(sorted(proofs)))
        if before >= 0:  # events of before the tree have numbers and no leaves; numbers that are too low look erased
            raise Refused("the numbers of the events are lower than their places in the log")
        self.before = before
        return "each event is in the log that was signed"

    def check_proof(self, event, proof, name):
        head, empty, checkpoint = proof.partition("\n\n")
        lines = [line for line in head.split("\n") if not line.startswith("extra ")]
        if not empty or lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) < 2 or not re.match("^index [0-9]+$", lines[1]):
            raise Refused("%s is no tlog-proof" % name)
        if checkpoint.encode() != self.files["checkpoint"]:
            raise Refused("%s is a proof for another checkpoint" % name)
        index = int(lines[1][6:])
        try:
            root = root_from(sha256(b"\x00", event["entry"]), index, self.size, [unbase64(line, name) for line in lines[2:]])
        except Refused as refused:
            raise Refused("event %d is not in the log: %s" % (event["seq"], refused))
        if root != self.root:
            raise Refused("event %d is not in the log: it was changed, or the proof is of another event" % event["seq"])
        return index

    def other_event(self, event, kind, name):
        """What an event of the log says that is about no grant; it has its proof with it."""
        seq = event["seq"]
        event["entry"] = commitment(event["open"], "open", seq) + commitment(event["personal"], "personal", seq)
        if self.check_proof(event, event["proof"], name) - seq != self.before:
            raise Refused("%s is a proof for another place in the log" % name)
        facts = read_json(event["open"]["text"], "the open text of event %d" % seq)
        if facts["type"] != kind:
            raise Refused("%s has an event that is no %s" % (name, kind))
        return facts["data"]

    def erased_through(self):
        """Up to which event the log itself says that personal parts are erased; 0 where nothing says so."""
        if "erased.json" not in self.files:
            return 0
        event = self.json("erased.json")
        return min(self.other_event(event, "record.erased", "erased.json")["throughSeq"], event["seq"] - 1)

    def check_keys(self):
        """Keys that the log itself says were revoked: the one that signed this may be one of them."""
        if "revoked.json" not in self.files:
            return None
        said = [self.other_event(event, "key.revoked", "revoked.json") for event in self.json("revoked.json")]
        self.revoked += [(parse_vkey(data["vkey"])["public"], data["size"], data["from"]) for data in said]
        for name in ("checkpoint", "manifest.note"):
            self.log_signers(open_note(self.files[name], self.keys, name)[1], self.size)
        return "; ".join("%s was revoked from %s on: refuse what it signed of more than %d leaves" % (data["vkey"], data["from"], data["size"]) for data in said)

    def counted(self, field, owner, owner_id):
        numbers = [event["facts"].get(field) for event in self.events if event["facts"].get(owner) == owner_id]
        if numbers != list(range(1, len(numbers) + 1)):
            raise Refused("events are missing: %s counts %s" % (field, ", ".join(map(str, numbers))))
        return len(numbers)

    def check_complete(self):
        of_grant = self.counted("grantEvent", "grantId", self.grant)
        of_request = self.counted("requestEvent", "requestId", self.request)
        last = [event["facts"] for event in self.events if "grantEventsTotal" in event["facts"]]
        if len(last) != 1 or last[0]["grantEventsTotal"] != last[0]["grantEvent"] or last[0]["grantId"] != self.grant:
            raise Refused("no event says that the access was removed")
        self.removed = last[0]
        return "%d events of the grant up to its removal and %d after, %d of the request, none missing" % (
            self.removed["grantEvent"], of_grant - self.removed["grantEvent"], of_request)

    def check_texts(self):
        left_out, self.erased, through = 0, 0, self.erased_through()
        for event in self.events:
            if "text" not in event["personal"]:
                if self.redacted is not False:
                    left_out += 1
                elif event["seq"] <= through:
                    self.erased += 1
                else:
                    raise Refused("the personal text of event %d is missing, and no event says that it was erased" % event["seq"])
                continue
            personal = read_json(event["personal"]["text"], "the personal text of event %d" % event["seq"])
            for field, value in event["facts"]["data"].items():
                if field not in personal["data"] or not within(value, personal["data"][field]):
                    raise Refused("the two texts of event %d say different things about %s" % (event["seq"], field))
        if self.erased:
            return Erased("%d personal texts were erased, as the log says of events up to %d; what is left agrees" % (self.erased, through))
        return "the open and the personal texts agree" + ("; %d personal texts are left out" % left_out if left_out else "")

    def check_policy(self):
        found = hashlib.sha256(self.files["policy.yml"]).hexdigest() if "policy.yml" in self.files else self.text("policy.yml")
        decisions = [event["facts"] for event in self.events if event["facts"]["type"] in ("request.approved", "request.created") and event["facts"].get("requestId") == self.request]
        decided = [facts for facts in decisions if facts["type"] == "request.approved"] or [facts for facts in decisions if facts["data"].get("isBreakGlass")]
        if not decided:
            raise Refused("no event says who decided")
        if decided[-1]["data"].get("policy") != found:
            raise Refused("policy.yml is not the policy of the decision")
        return "policy.yml is the policy of the decision"

    def check_people(self):
        created = next((event for event in self.events if event["facts"]["type"] == "request.created" and event["facts"]["requestId"] == self.request), None)
        votes = [event for event in self.events if event["facts"]["type"] == "vote.cast" and event["facts"]["requestId"] == self.request]
        if created is None:
            raise Refused("no event says who made the request")
        if any("text" not in event["personal"] for event in votes + [created]):
            return Erased("not known any more: their names were erased") if self.erased else "not shown: the bundle is redacted"
        actor = lambda event: json.loads(event["personal"]["text"])["actor"].get("id")
        if any(actor(vote) == actor(created) for vote in votes):
            raise Refused("the requester voted on their own request")
        return "%d vote%s, none by the requester" % (len(votes), "" if len(votes) == 1 else "s")

    def check_end(self):
        readback = self.json("readback.json")
        facts = self.removed["data"].get("readback") or {}
        if readback.get("grant") != self.grant:
            raise Refused("readback.json is about another grant")
        said = {"grant": self.grant, "target": self.removed["target"], "role": self.removed["role"], "at": self.removed["at"],
            "asked": {"operation": facts.get("operation")}, "answer": facts.get("answer")}
        event = next(event for event in self.events if event["facts"] is self.removed)
        if "text" in event["personal"]:
            said["asked"].update({name: value for name, value in json.loads(event["personal"]["text"])["data"].items() if name == "handle"})
        if said["answer"] != "absent" or {name: readback.get(name) for name in said} != said:
            raise Refused("readback.json is not what the event of the removal says")
        late = self.removed["data"].get("lateMs", 0)
        return "the target said absent at %s, %s" % (readback["at"], "%.1f s late" % (late / 1000) if late >= 1000 else "on time")

    def check_statements(self):
        of_grant = [event["facts"] for event in self.events if event["facts"].get("grantId") == self.grant]
        recorded = [facts["data"] for facts in of_grant if facts["type"] == "statements.recorded"]
        over = [facts["data"] for facts in of_grant if facts["type"] == "statements.completed"]
        if not recorded and not over:
            if "statements.jsonl" in self.files:
                raise Refused("no event says that statements were recorded, and statements.jsonl has some")
            return None
        total, digests = sum(data["statements"] for data in recorded), {data["segment"]: data["sha256"] for data in recorded if "segment" in data}
        if over and over[-1]["statements"] != total:
            raise Refused("%d statements were recorded, and %d of them are in the events" % (over[-1]["statements"], total))
        segments = []
        for line in (self.files["statements.jsonl"].splitlines(True) if "statements.jsonl" in self.files else []):
            head = read_json(line, "a line of statements.jsonl")
            if "salt" in head:
                segments.append((head, [line]))
            elif segments:
                segments[-1][1].append(line)
            else:
                raise Refused("statements.jsonl begins in the middle of a segment")
        numbers = [head["segment"] for head, _ in segments]
        if sorted(set(numbers)) != numbers:
            raise Refused("statements.jsonl has segments twice or not in order")
        for head, lines in segments:
            if head["grant"] != self.grant or hashlib.sha256(b"".join(lines)).hexdigest() != digests.get(head["segment"]):
                raise Refused("segment %s of statements.jsonl is not what was recorded" % head["segment"])
        left_out = len(digests) - len(segments)
        text = completeness(recorded, bool(over)) + ("; %d of %d segments are left out or erased" % (left_out, len(digests)) if left_out else "")
        return Erased(text) if left_out and self.redacted is False else text

    def person(self, event):
        actor = json.loads(event["personal"]["text"])["actor"]
        return {"id": actor.get("id") or "", "name": actor.get("name") or "", "email": actor.get("email")}

    def people(self, created):
        if any("text" not in event["personal"] for event in self.events):
            raise Refused("grant.json names people, and the events do not")
        personal = lambda event: json.loads(event["personal"]["text"])["data"]
        votes = [event for event in self.events if event["facts"]["type"] == "vote.cast"]
        return {"requester": self.person(created), "reason": personal(created).get("reason"), "ticket": personal(created).get("ticket"),
            "votes": [dict(self.person(vote), vote=personal(vote).get("kind") or "", at=vote["facts"]["at"]) for vote in votes]}

    def line(self, event):
        by = self.person(event) if "text" in event["personal"] else {"name": "not shown"}
        return {"seq": event["seq"], "at": event["facts"]["at"], "type": event["facts"]["type"], "by": by["name"] or by["id"]}

    def check_facts(self):
        """grant.json is what people read: each of its facts is what the events say."""
        facts, last = self.json("grant.json"), {event["facts"]["type"]: event for event in self.events if event["facts"].get("requestId") == self.request}
        if facts["grant"] != self.grant or facts["request"] != self.request:
            raise Refused("grant.json is about another grant")
        at = lambda kind: last[kind]["facts"]["at"] if kind in last else None
        created, removed, of_grant = last["request.created"]["facts"], self.removed, [event["facts"] for event in self.events if event["facts"].get("grantId") == self.grant]
        given = last["grant.activating"]["facts"] if "grant.activating" in last else created  # as it was approved, not as it was requested
        decided = last["request.approved"]["facts"]["data"] if "request.approved" in last else created["data"]
        recorded = [one["data"] for one in of_grant if one["type"] == "statements.recorded"]
        is_over = any(one["type"] == "statements.completed" for one in of_grant)
        said = {"target": removed["target"], "role": removed["role"], "requestedAt": created["at"], "approvedAt": at("request.approved"),
            "activeAt": at("grant.active"), "removedAt": removed["at"], "lateMs": removed["data"].get("lateMs") or 0, "cause": removed["data"].get("cause"),
            "durationMs": given["data"].get("durationMs"), "isBreakGlass": created["data"].get("isBreakGlass") is True,
            "rule": decided.get("rule"), "policySha256": decided.get("policy"), "events": [self.line(event) for event in self.events],
            "statements": completeness(recorded, is_over) if recorded or is_over else None,
            "people": None if facts["people"] is None else self.people(last["request.created"])}
        if facts["people"] is None and all("text" in event["personal"] for event in self.events):
            raise Refused("grant.json names nobody, and the events do")
        wrong = [name for name in said if name in facts and facts[name] != said[name]]
        if wrong:
            raise Refused("grant.json does not say what the events say: %s" % ", ".join(wrong))
        return "%s/%s, from %s to %s" % (facts["target"], facts["role"], facts["activeAt"] or "never", facts["removedAt"])

class Report(Bundle):
    """The folder that `latchkey report` makes."""
    def __init__(self, files, key, revoked=()):
        self.files, self.key, self.revoked, self.report = files, key, list(revoked), read_json(files.get("report.json", b""), "report.json")
        self.revoked += [(parse_vkey(one["vkey"])["public"], one["size"], one["from"]) for one in self.report["log"].get("revoked", [])]
        self.keys = [parse_vkey(key)] if key else [parse_vkey(line) for line in self.report["log"]["keys"]]
        self.origin = self.report["checkpoint"]["origin"]
        self.files = dict(files, checkpoint=self.report["checkpoint"]["note"].encode())

    def check_manifest(self):
        self.text("manifest.note"), self.text("manifest.json")
        text, signers = open_note(self.files["manifest.note"], self.keys, "manifest.note")
        if not self.log_signers(signers, self.stated_size()):
            raise Refused("manifest.note is not signed by %s" % ("the key that was given" if self.key else "a key of report.json"))
        if text.split("\n")[2:] != [hashlib.sha256(self.files["manifest.json"]).hexdigest(), ""]:
            raise Refused("manifest.note is about another manifest.json")
        self.manifest = self.json("manifest.json")
        listed = [entry["name"] for entry in self.manifest["files"]]
        if sorted(listed) != sorted(["register.csv", "report.xlsx", "report.pdf", "report.json"]):
            raise Refused("manifest.json lists other files than those of a report")
        for entry in self.manifest["files"]:
            data = self.files.get(entry["name"])
            if data is None:
                raise Refused("%s is missing" % entry["name"])
            if len(data) != entry["size"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
                raise Refused("%s is not the file that manifest.json lists" % entry["name"])
        more = sorted(set(self.files) - set(listed) - {"manifest.json", "manifest.note", "checkpoint"})
        return "%d files are those that %s signed%s" % (len(listed), signers[0]["name"], "; not signed: " + ", ".join(more) if more else "")

    def check_checkpoint(self):
        signed = self.report["checkpoint"]
        verdict = Bundle.check_checkpoint(self)
        if (self.size, signed["root"]) != (signed["size"], base64.b64encode(self.root).decode()):
            raise Refused("report.json names another checkpoint than it holds")
        if (self.manifest["checkpoint"]["size"], self.manifest["checkpoint"]["root"]) != (signed["size"], signed["root"]):
            raise Refused("manifest.json names another checkpoint than report.json")
        return verdict

    def check_register(self):
        csv.field_size_limit(2**31 - 1)
        table = list(csv.DictReader(io.StringIO(self.text("register.csv").lstrip("\ufeff"), newline="")))
        rows = self.report["register"]
        ids = [(row["request"], row["grant"] or "") for row in rows]
        if [(line["Request"], line["Grant"]) for line in table] != ids:
            raise Refused("register.csv and report.json have other rows")
        if len(rows) != self.manifest["rows"] or len(rows) != self.report["totals"]["rows"]:
            raise Refused("the register has %d rows, and %d were counted" % (len(rows), self.report["totals"]["rows"]))
        apart = [control["what"] for control in self.report["totals"]["controls"] if control["log"] != control["register"]]
        return "%d rows in both forms; %s" % (len(rows), "control totals that do not agree: " + ", ".join(apart) if apart else "all control totals agree")

    def check_sample(self):
        digest = lambda grant: hashlib.sha256(("%s\n%s" % (self.report["checkpoint"]["root"], grant)).encode()).hexdigest()
        sample = self.report["sample"]
        drawn = [one["row"]["grant"] for one in sample["drawn"]]
        if [one["digest"] for one in self.report["sample"]["drawn"]] != sorted(map(digest, drawn)):
            raise Refused("a digest of the sample is not that of its grant, or they are not in order")
        start, end = self.report["period"]["from"], self.report["period"]["to"]
        given = {row["grant"] for row in self.report["register"] if row["grant"] and row["activeAt"] and start[:19] <= row["activeAt"][:19] < end[:19] and row["kind"] != "more time"}
        passed = [grant for grant in given - set(drawn) if drawn and digest(grant) < digest(drawn[-1])]
        if passed:
            raise Refused("grant %s had to be drawn and was not" % sorted(passed)[0])
        population = sample["population"]  # with grants whose requests are of an earlier period: those are in no row
        if len(set(drawn)) != len(drawn) or population < len(given | set(drawn)):
            raise Refused("the sample is of %d grants, and the register has more" % population)
        wanted = min(population, next(size for limit, size in SAMPLE_SIZES if population <= limit))
        if len(drawn) != wanted:
            raise Refused("%d grants were drawn of %d, and %d had to be" % (len(drawn), population, wanted))
        rows = {row["grant"]: row for row in self.report["register"]}
        if any(one["row"] != rows.get(one["row"]["grant"], one["row"]) for one in sample["drawn"]):
            raise Refused("a row of the sample is not that of the register")
        return "%d of %d grants, those that had to be drawn" % (len(drawn), population)

SAMPLE_SIZES = [(4, 2), (12, 5), (52, 15), (float("inf"), 25)]

def within(part, whole):
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) <= len(whole) and all(any(within(item, other) for other in whole) for item in part)
    return type(part) is type(whole) and part == whole

CHECKS = [
    ("manifest", Bundle.check_manifest), ("checkpoint", Bundle.check_checkpoint), ("events", Bundle.check_events),
    ("included", Bundle.check_inclusion), ("keys", Bundle.check_keys), ("complete", Bundle.check_complete), ("texts", Bundle.check_texts),
    ("policy", Bundle.check_policy), ("people", Bundle.check_people), ("end", Bundle.check_end),
    ("statements", Bundle.check_statements), ("facts", Bundle.check_facts),
]

REPORT_CHECKS = [
    ("manifest", Report.check_manifest), ("checkpoint", Report.check_checkpoint), ("register", Report.check_register),
    ("sample", Report.check_sample),
]

def say(text):
    """What a bundle has in its texts and names neither moves a terminal's cursor nor turns what is read."""
    print("".join(c if c.isprintable() else "\\u%04x" % ord(c) for c in text))

def main(arguments):
    path, key, revoked = os.path.dirname(os.path.abspath(__file__)), None, None
    while arguments:
        argument = arguments.pop(0)
        if argument in ("-h", "--help"):
            print(__doc__)
            return 0
        if argument.startswith("--key="):
            key = argument[6:]
        elif argument == "--key" and arguments:
            key = arguments.pop(0)
        elif argument.startswith("--revoked="):
            revoked = argument[10:]
        elif argument == "--revoked" and arguments:
            revoked = arguments.pop(0)
        elif argument.startswith("-"):
            print("verify.py [BUNDLE] [--key VKEY] [--revoked FILE]", file=sys.stderr)
            return 2
        else:
            path = argument
    name = "bundle"
    try:
        files = read_bundle(path)
        revoked = parse_revoked(open(revoked, encoding="utf-8").read()) if revoked else []
        is_report = files.get("manifest.note", b"").startswith(b"latchkey/report/v1\n")
        bundle = (Report if is_report else Bundle)(files, key, revoked)
        for name, check in REPORT_CHECKS if is_report else CHECKS:
            verdict = check(bundle)
            if verdict is not None:
                say("%-7s %-10s  %s" % ("erased" if isinstance(verdict, Erased) else "ok", name, verdict))
    except Refused as refused:
        say("REFUSED %-10s  %s" % (name, refused))
        return 1
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        say("REFUSED bundle      it cannot be read: %s" % error)
        return 1
    except Exception as error:  # a damaged or forged file can make Python fail in any way: what cannot be checked is refused
        say("REFUSED %-10s  it is not as the format says (%s: %s)" % (name, type(error).__name__, error))
        return 1
    if not key:
        print("note    key         the key is from the bundle itself: compare %s with a copy from elsewhere, or give it with --key" % ("report.json" if is_report else "keys.txt"))
    return 0

if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter refuses no bundle
    sys.exit(main(sys.argv[1:]))
