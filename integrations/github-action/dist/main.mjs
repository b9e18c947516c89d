// src/domain/time/tokens.ts
var WORD = /\S+/g, INVISIBLE = new RegExp("\\p{Cf}", "gu"), DASH = /[\u2010-\u2015\u2212]/g, APOSTROPHE = /[\u2018\u2019\u02bc]/g, RATIO = /\u2236/g, AROUND = /^[([@]+|[)\],;:.!?]+$/g, WORD_MAX = 60, plain = (word) => word.slice(0, WORD_MAX).normalize("NFKC").replace(INVISIBLE, "").replace(DASH, "-").replace(APOSTROPHE, "'").replace(RATIO, ":").replace(AROUND, ""), tokensOf = (text) => [...text.matchAll(WORD)].map((match) => {
  let cased = plain(match[0]);
  return { norm: cased.toLowerCase(), cased, start: match.index, end: match.index + match[0].length };
});

// src/domain/time/typed-duration.ts
var SECOND_MS = 1e3, UNITS = [
  { ms: 604800 * SECOND_MS, words: ["w", "wk", "wks", "week", "weeks"] },
  { ms: 86400 * SECOND_MS, words: ["d", "day", "days"] },
  { ms: 3600 * SECOND_MS, words: ["h", "hr", "hrs", "hour", "hours"] },
  { ms: 60 * SECOND_MS, words: ["m", "min", "mins", "minute", "minutes"] },
  { ms: SECOND_MS, words: ["s", "sec", "secs", "second", "seconds"] }
], UNIT_MS = new Map(UNITS.flatMap(({ ms, words }) => words.map((word) => [word, ms]))), HOUR_MS = 3600 * SECOND_MS, PART = /^(\d{1,6}(?:[.,]\d{1,3})?)([a-z]+)/, BARE_MINUTES = /^[0-5]\d$/, NUMBER = /^\d{1,6}(?:[.,]\d{1,3})?$/, JOINS = /* @__PURE__ */ new Set(["and", "&", "+", ","]), partOf = (amount, unitMs) => ({
  ms: Math.round(Number(amount.replace(",", ".")) * unitMs),
  unitMs
}), compact = (word) => {
  let parts = [], rest = word;
  for (; rest !== ""; ) {
    let [whole = "", amount = "", unit = ""] = PART.exec(rest) ?? [], unitMs = UNIT_MS.get(unit);
    if (unitMs === void 0)
      return parts.at(-1)?.unitMs === HOUR_MS && BARE_MINUTES.test(rest) ? [...parts, partOf(rest, 6e4)] : null;
    parts.push(partOf(amount, unitMs)), rest = rest.slice(whole.length);
  }
  return parts.length > 0 ? parts : null;
}, partsAt = (tokens, at) => {
  let word = tokens[at]?.norm ?? "", alone = compact(word);
  if (alone) return { parts: alone, next: at + 1 };
  let unitMs = NUMBER.test(word) ? UNIT_MS.get(tokens[at + 1]?.norm ?? "") : void 0;
  return unitMs === void 0 ? null : { parts: [partOf(word, unitMs)], next: at + 2 };
}, totalOf = (parts) => {
  let isDescending = parts.every(({ unitMs }, index) => index === 0 || unitMs < (parts[index - 1]?.unitMs ?? 0)), ms = parts.reduce((sum, part) => sum + part.ms, 0);
  return isDescending && ms > 0 && Number.isSafeInteger(ms) && ms % SECOND_MS === 0 ? ms : null;
}, durationAt = (tokens, at) => {
  let first = partsAt(tokens, at);
  if (!first) return { outcome: "none" };
  let all = [...first.parts], { next } = first;
  for (; ; ) {
    let joined = JOINS.has(tokens[next]?.norm ?? "") || tokens[next]?.norm === "" ? next + 1 : next, more = partsAt(tokens, joined);
    if (!more) break;
    all.push(...more.parts), next = more.next;
  }
  let ms = totalOf(all);
  return ms === null ? { outcome: "bad" } : { outcome: "read", ms, next };
}, WORDS = new Set("a an one two three four five six seven eight nine ten half".split(" "));
var readTypedDuration = (text) => {
  let tokens = tokensOf(text), read = durationAt(tokens, 0);
  return read.outcome === "read" && read.next === tokens.length ? read.ms : null;
};

// src/cli/job/access.ts
import { randomUUID } from "node:crypto";

// src/lib/printable.ts
var TURNS = "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069", ALL = new RegExp(`[\\p{Cc}\\u2028\\u2029${TURNS}]`, "gu"), BUT_LINES = new RegExp(`(?![\\n\\t])[\\p{Cc}\\u2028\\u2029${TURNS}]`, "gu"), RAW_IN_JSON = new RegExp(`[\\u007f-\\u009f\\u2028\\u2029${TURNS}]`, "gu"), oneLine = (text) => text.replaceAll(ALL, " ");

// src/lib/start-error.ts
var StartError = class extends Error {
  name = "StartError";
};

// src/cli/job/failure.ts
var EXITS = {
  usedWrongly: 64,
  unreachable: 69,
  notDecided: 75,
  denied: 77,
  notRunnable: 126,
  notFound: 127
}, JobFailure = class extends StartError {
  name = "JobFailure";
  exit;
  code;
  constructor(exit, message, code = null) {
    super(message), this.exit = exit, this.code = code;
  }
}, usedWrongly = (message) => new JobFailure(EXITS.usedWrongly, message), say = (line) => {
  process.stderr.write(`latchkey: ${oneLine(line)}
`);
};

// src/cli/job/server.ts
import { setTimeout as sleep } from "node:timers/promises";

// src/config/variable.ts
import { readFileSync, statSync } from "node:fs";
var FILE_BYTES_MAX = 1048576, readVariable = (env, name) => {
  let given2 = (of) => {
    let text = env[of];
    return typeof text == "string" && text.trim() ? text : null;
  }, value = given2(name), file = given2(`${name}_FILE`)?.trim() ?? null;
  if (file === null) return { value };
  if (value) return { problem: `${name} and ${name}_FILE are both set; unset one of them.` };
  try {
    if (statSync(file).size > FILE_BYTES_MAX)
      return { problem: `The file of ${name}_FILE is larger than 1 MiB; give a file with the value alone.` };
    let text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    return text.trim() ? { value: text } : { problem: `The file of ${name}_FILE is empty; write the value into it.` };
  } catch (error) {
    let code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return { problem: `The file of ${name}_FILE (${file}) cannot be read (${code}); check its path and permissions.` };
  }
};

// src/cli/job/http.ts
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

// src/lib/bounded-text.ts
var AnswerTooLong = class extends Error {
  name = "AnswerTooLong";
}, boundedBytes = async (body, maxBytes) => {
  let chunks = [], bytes = 0;
  for await (let chunk of body ?? []) {
    if (bytes += chunk.byteLength, bytes > maxBytes) throw new AnswerTooLong("its answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}, boundedText = async (body, maxBytes) => (await boundedBytes(body, maxBytes)).toString("utf8");

// src/cli/job/http.ts
var answered = (address, { method, headers, body, signal }) => new Promise((resolve, reject) => {
  let url = new URL(address);
  (url.protocol === "https:" ? requestHttps : requestHttp)(url, { method, headers, signal }, resolve).once("error", reject).end(body);
}), exchange = async (address, sending) => {
  let answer = await answered(address, sending), text = await boundedText(answer, sending.maxBytes);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text };
};

// src/cli/job/token.ts
import { execFile } from "node:child_process";
import { promisify } from "node:util";
var TokenUnavailable = class extends Error {
  name = "TokenUnavailable";
}, FETCH_MS = 1e4, ANSWER_MAX = 65536, run = promisify(execFile), faultOf = (error) => {
  let cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error && "code" in cause && typeof cause.code == "string" ? cause.code : cause instanceof Error && cause.name === "TimeoutError" ? "no answer in time" : "the connection failed";
}, readJson = (text) => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}, failureOf = (error) => error instanceof AnswerTooLong ? new TokenUnavailable("GitHub's token address answered without a token") : new TokenUnavailable(`GitHub's token address cannot be reached (${faultOf(error)})`), fromGithub = (address, secret) => {
  if (!URL.canParse(address)) throw usedWrongly("ACTIONS_ID_TOKEN_REQUEST_URL is no address.");
  return async (audience) => {
    let url = `${address}${address.includes("?") ? "&" : "?"}audience=${encodeURIComponent(audience)}`, { status, text } = await exchange(url, {
      method: "GET",
      headers: { authorization: `Bearer ${secret}`, accept: "application/json" },
      signal: AbortSignal.timeout(FETCH_MS),
      maxBytes: ANSWER_MAX
    }).catch((error) => {
      throw failureOf(error);
    });
    if (status < 200 || status > 299) throw new TokenUnavailable(`GitHub's token address answered ${status}`);
    let body = readJson(text);
    if (typeof body?.value != "string") throw new TokenUnavailable("GitHub's token address answered without a token");
    return body.value;
  };
}, fromBuildkite = async (audience) => {
  let args = ["oidc", "request-token", "--audience", audience, "--claim", "organization_id,pipeline_id"];
  try {
    return (await run("buildkite-agent", args, { timeout: FETCH_MS })).stdout.trim();
  } catch (error) {
    throw new TokenUnavailable(`buildkite-agent gave no token (${faultOf(error)})`);
  }
}, given = (env, name) => {
  let found = readVariable(env, name);
  if ("problem" in found) throw usedWrongly(found.problem);
  return found.value?.trim() || null;
}, NO_TOKEN = 'This job has no OIDC token. On GitHub give the job "permissions: { id-token: write }". On GitLab write "id_tokens: { LATCHKEY_ID_TOKEN: { aud: <LATCHKEY_URL> } }". Elsewhere set LATCHKEY_ID_TOKEN, or LATCHKEY_ID_TOKEN_FILE.', tokenSource = (env) => {
  if (given(env, "LATCHKEY_ID_TOKEN") !== null)
    return async () => {
      let token = given(env, "LATCHKEY_ID_TOKEN");
      if (token === null) throw new TokenUnavailable("LATCHKEY_ID_TOKEN is empty");
      return token;
    };
  let { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = env;
  if (address && secret) return fromGithub(address, secret);
  if (env.BUILDKITE === "true") return fromBuildkite;
  let circle = env.CIRCLE_OIDC_TOKEN_V2?.trim();
  if (circle) return async () => circle;
  throw usedWrongly(NO_TOKEN);
};

// src/cli/job/server.ts
var PATIENCE_MS = 6e4, CALL_MS = 15e3, ANSWER_MAX2 = 5e6, RETRY_FROM_MS = 500, RETRY_TO_MS = 5e3, LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/, addressOf = (env) => {
  let found = readVariable(env, "LATCHKEY_URL");
  if ("problem" in found) throw usedWrongly(found.problem);
  let text = found.value?.trim();
  if (!text) throw usedWrongly("LATCHKEY_URL is not set; set it to the server's address.");
  let url = URL.canParse(text) ? new URL(text) : null, isSafe = url?.protocol === "https:" || url?.protocol === "http:" && LOOPBACK.test(url.hostname);
  if (!url || !isSafe)
    throw usedWrongly("LATCHKEY_URL must begin with https://; plain http is for this machine alone.");
  if (url.search || url.hash || url.username)
    throw usedWrongly("LATCHKEY_URL must have no user, query or fragment; write the address alone.");
  return text;
}, isPassing = ({ status, body, isLatchkey }) => {
  if (status >= 500 || status === 408) return !0;
  let { code } = body ?? {};
  return status === 429 && (!isLatchkey || code === "too_many_calls" || code === "too_many_logins");
}, RETRY_MAX_MS = 12e4, retryAfter = (header) => header !== null && /^\d{1,6}$/.test(header) ? Math.min(Number(header) * 1e3, RETRY_MAX_MS) : null, send = async (state, method, { path: path3, ...options }) => {
  let limit = AbortSignal.timeout(options.timeoutMs ?? CALL_MS), { status, headers, text } = await exchange(`${state.url.replace(/\/+$/, "")}/api/v1${path3}`, {
    method,
    signal: options.signal ? AbortSignal.any([limit, options.signal]) : limit,
    headers: {
      accept: "application/json",
      ...options.body && { "content-type": "application/json" },
      ...options.headers,
      ...state.session !== null && { authorization: `Bearer ${state.session}` }
    },
    ...options.body && { body: JSON.stringify(options.body) },
    maxBytes: ANSWER_MAX2
  }), date = Date.parse(headers.date ?? "");
  Number.isFinite(date) && (state.offsetMs = Math.abs(date - Date.now()) > 2e3 ? date - Date.now() : 0);
  let isLatchkey = /json/.test(headers["content-type"] ?? ""), retryMs = retryAfter(headers["retry-after"] ?? null);
  return { status, body: isLatchkey ? JSON.parse(text) : null, isLatchkey, retryMs };
}, outcomeOf = (sent) => {
  if (sent.status === 401) return { kind: "refused", why: "The server does not accept the token of this job" };
  if (!isPassing(sent)) return { kind: "answer", sent };
  let { detail } = sent.body ?? {};
  return { kind: "unreached", why: detail ?? `it answered ${sent.status}`, retryMs: sent.status === 429 ? sent.retryMs : null };
}, openSession = async (state, signal) => {
  if (state.session !== null) return null;
  let token = await state.token(state.url), outcome = outcomeOf(
    await send(state, "POST", { path: "/sessions", body: { token }, ...signal && { signal } })
  );
  if (outcome.kind !== "answer") return outcome;
  let { session } = outcome.sent.body ?? {};
  return typeof session != "string" ? outcome.sent.status < 300 ? { kind: "answer", sent: { ...outcome.sent, isLatchkey: !1 } } : outcome : (state.session = session, null);
}, tryOnce = async (state, method, options) => {
  try {
    let outcome = await openSession(state, options.signal) ?? outcomeOf(await send(state, method, options));
    return outcome.kind === "refused" && (state.session = null), outcome;
  } catch (error) {
    if (error instanceof JobFailure) throw error;
    return options.signal?.throwIfAborted(), { kind: "unreached", why: error instanceof TokenUnavailable ? error.message : faultOf(error) };
  }
}, STATUS_EXITS = { 400: 64, 413: 64, 422: 64 }, failureOf2 = ({ status, body, isLatchkey }) => {
  if (!isLatchkey)
    return new JobFailure(
      EXITS.unreachable,
      `LATCHKEY_URL does not lead to Latchkey: it answered ${status} without JSON. Check the address.`
    );
  let { code = null, detail, rule, problems = [] } = body ?? {}, by = rule ? ` (rule: ${rule})` : "", fields = problems.map((one) => `${one.field}: ${one.code.replaceAll("_", " ")}`).join("; "), text = `${detail ?? `The server answered ${status}.`}${by}${fields ? ` ${fields}.` : ""}`, exit = code === "not_active" ? EXITS.notDecided : STATUS_EXITS[status] ?? EXITS.denied;
  return new JobFailure(exit, status === 403 ? `Denied: ${text}` : text, code);
}, EXPLAIN = 'with this token, "latchkey client explain" says on the server which claim does not fit', SAY_FROM_MS = 1e3, SAY_AGAIN_MS = 15e3, createSayTrying = (doing) => {
  let nextMs = SAY_FROM_MS;
  return (outcome, { sinceMs, leftMs }) => {
    doing === void 0 || outcome.kind !== "unreached" || sinceMs < nextMs || (nextMs = sinceMs + SAY_AGAIN_MS, say(`${doing}: Latchkey cannot be reached (${outcome.why}). Trying again for ${Math.ceil(leftMs / 1e3)} s.`));
  };
}, leftOf = ({ patienceMs, sinceMs, limitedMs }) => patienceMs - sinceMs + (patienceMs >= PATIENCE_MS ? limitedMs : 0), callUntil = async (state, method, options) => {
  let begun = performance.now(), sayTrying = createSayTrying(options.doing), limitedMs = 0;
  for (let tries = 0; ; tries += 1) {
    options.signal?.throwIfAborted();
    let outcome = await tryOnce(state, method, options);
    if (outcome.kind === "answer") {
      if (outcome.sent.status >= 200 && outcome.sent.status < 300 && outcome.sent.isLatchkey)
        return outcome.sent.body;
      throw failureOf2(outcome.sent);
    }
    let retryMs = outcome.kind === "unreached" ? outcome.retryMs ?? null : null;
    retryMs !== null && limitedMs < RETRY_MAX_MS && (limitedMs += retryMs);
    let sinceMs = performance.now() - begun, left = leftOf({ patienceMs: options.patienceMs ?? PATIENCE_MS, sinceMs, limitedMs });
    if (left <= 0 && outcome.kind === "refused") throw new JobFailure(EXITS.denied, `${outcome.why}; ${EXPLAIN}.`);
    if (left <= 0) throw new JobFailure(EXITS.unreachable, `Latchkey cannot be reached: ${outcome.why}.`);
    sayTrying(outcome, { sinceMs, leftMs: left });
    let usual = Math.min(RETRY_TO_MS, RETRY_FROM_MS * 2 ** Math.min(tries, 10)) * (0.75 + Math.random() / 2);
    await sleep(Math.min(retryMs ?? usual, left), void 0, options.signal && { signal: options.signal }).catch(() => {
    });
  }
}, connect = (env) => {
  let state = { url: addressOf(env), token: tokenSource(env), session: null, offsetMs: 0 };
  return {
    call: (method, path3, options = {}) => callUntil(state, method, { ...options, path: path3 }),
    now: () => Date.now() + state.offsetMs
  };
};

// src/cli/job/signals.ts
import { constants } from "node:os";
var ENDING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"], PASSED_ON = ["SIGUSR1", "SIGUSR2"], LAST_MOMENT_MS = 9e3, Interrupted = class extends Error {
  name = "Interrupted";
  exit;
  constructor(signal) {
    super(`${signal} came.`), this.exit = exitOf(signal);
  }
}, exitOf = (signal) => 128 + constants.signals[signal], isOfTerminal = (name) => process.stdin.isTTY && (name === "SIGINT" || name === "SIGQUIT"), listenToSignals = () => {
  let controller = new AbortController(), exit = null, child = null, end = (name) => {
    child && isOfTerminal(name) || ((exit === null || name === "SIGTERM") && (exit = exitOf(name)), controller.signal.aborted || setTimeout(() => process.exit(exit ?? 1), LAST_MOMENT_MS).unref(), controller.abort(new Interrupted(name)), child?.signal(name));
  };
  for (let name of ENDING) process.on(name, () => end(name));
  for (let name of PASSED_ON) process.on(name, () => child?.signal(name));
  return {
    ended: controller.signal,
    exit: () => exit,
    passTo: (next) => {
      child = next;
    }
  };
};

// src/cli/job/access.ts
var POLL_S = 50, SAY_AGAIN_MS2 = 3e5, LOOKS = 3, LOOK_S = 2, leftOf2 = ({ deadline }) => Math.max(0, deadline - performance.now()), patienceOf = (until) => Math.min(PATIENCE_MS, leftOf2(until)), requestAccess = (server, wanted, until) => server.call("POST", "/requests", {
  body: wanted,
  headers: { "idempotency-key": randomUUID() },
  patienceMs: patienceOf(until),
  doing: "Requesting the access",
  ...until.signal && { signal: until.signal }
}), waitsFor = ({ waiting_for: names }) => names.length > 0 ? names.join(" or ") : "an approver", isAhead = ({ window }) => window !== null && !window.taken, forWindow = ({ window }) => window === null || window.taken ? "" : ` in the window ${window.name} (${window.opens_at} to ${window.closes_at})`, sentenceOf = (answer) => {
  let { id, state, role, by, why } = answer, link = answer.message_url ? ` ${answer.message_url}` : "", because = why ? `: ${why}` : "";
  return state === "pending" ? `Request ${id} for ${role}${forWindow(answer)} waits for ${waitsFor(answer)}.${link}` : state === "approved" && isAhead(answer) ? `${role} is approved${by ? ` by ${by}` : ""}${forWindow(answer)}: the first job that requests it then gets it, once.` : state === "approved" ? `${role} is approved${by ? ` by ${by}` : ""}; the access is being set up.` : state === "active" ? `${role} is active${by ? `, approved by ${by}` : ""}, until ${answer.expires_at}.` : state === "denied" ? `${role} was denied${by ? ` by ${by}` : ""}${because}.` : state === "lapsed" ? `The request for ${role} lapsed before it was decided${because}.` : state === "cancelled" ? `The request for ${role} was cancelled${because}.` : `The access of this job to ${role} has ended${because}.`;
}, isOpen = ({ state }) => state === "pending" || state === "approved", sayChange = (answer, said) => {
  let line = sentenceOf(answer);
  return line === said.line && performance.now() - said.at < SAY_AGAIN_MS2 ? said : (say(line), { line, at: performance.now() });
}, waitForAccess = async (server, first, until) => {
  let answer = first, said = { line: "", at: 0 }, looks = 0;
  for (; isOpen(answer); ) {
    said = sayChange(answer, said);
    let left = leftOf2(until);
    if (left === 0) return answer;
    let isSoon = answer.message_url === null && answer.state === "pending" && looks++ < LOOKS, seconds = Math.min(isSoon ? LOOK_S : POLL_S, Math.ceil(left / 1e3));
    answer = await server.call(
      "GET",
      `/requests/${answer.id}?wait=${seconds}&version=${answer.version}`,
      {
        timeoutMs: (seconds + 10) * 1e3,
        patienceMs: patienceOf(until),
        doing: "Waiting for the decision",
        ...until.signal && { signal: until.signal }
      }
    );
  }
  return answer;
}, demandActive = (answer) => {
  if (answer.state === "active") return answer;
  throw isOpen(answer) ? new JobFailure(
    EXITS.notDecided,
    `Not decided in time: the request for ${answer.role} waited for ${waitsFor(answer)}.`
  ) : new JobFailure(answer.state === "lapsed" ? EXITS.notDecided : EXITS.denied, sentenceOf(answer));
}, END_MS = 3e4, BRIEF = { timeoutMs: 3500, patienceMs: 1500 }, untilHurried = async (hurry, call) => {
  if (hurry === null) return call(BRIEF);
  try {
    return await call({ timeoutMs: END_MS, patienceMs: PATIENCE_MS, signal: hurry });
  } catch (error) {
    if (error instanceof Interrupted) return call(BRIEF);
    throw error;
  }
}, takeBack = async (server, answer, hurry = null) => {
  if (isAhead(answer)) return say(`The request${forWindow(answer)} stays; other jobs of this client may use it.`);
  let { id } = answer, doing = "Cancelling the request";
  try {
    await untilHurried(hurry, (options) => server.call("POST", `/requests/${id}/cancel`, { ...options, doing })), say("The request was cancelled.");
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error;
    if (error.exit === EXITS.unreachable) return say(`The request could not be cancelled: ${error.message}`);
    let { grant } = await server.call("GET", `/requests/${id}`, BRIEF);
    grant !== null && await giveBack(server, grant, { hurry });
  }
}, giveBack = async (server, grant, { hurry, exit }) => {
  let path3 = `/grants/${grant}${exit === void 0 ? "" : `?exit=${exit}`}`, doing = "Giving the access back";
  try {
    let { ending } = await untilHurried(
      hurry,
      (options) => server.call("DELETE", path3, { ...options, doing })
    );
    say(
      ending.length > 0 ? "The access is being ended; the target has not confirmed it yet." : "The access is given back."
    );
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error;
    if (error.code === "not_active") return say("The access had ended already.");
    say(
      `The access could not be given back: ${error.message} It ends by itself within a minute, or a minute after Latchkey is back.`
    );
  }
};

// src/cli/job/ssh-files.ts
import { generateKeyPairSync } from "node:crypto";
var SSH_VARIABLE = "LATCHKEY_SSH", TYPE = "ecdsa-sha2-nistp256", CURVE = "nistp256", sshString = (bytes) => {
  let length = Buffer.alloc(4);
  return length.writeUInt32BE(Buffer.byteLength(bytes)), Buffer.concat([length, Buffer.from(bytes)]);
}, createKeyPair = () => {
  let pair = generateKeyPairSync("ec", { namedCurve: "P-256" }), { x = "", y = "" } = pair.publicKey.export({ format: "jwk" }), point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]), blob = Buffer.concat([sshString(TYPE), sshString(CURVE), sshString(point)]), privateKey = pair.privateKey.export({ type: "sec1", format: "pem" }).toString();
  return { publicKey: `${TYPE} ${blob.toString("base64")} latchkey`, privateKey };
}, WITH_PORT = /^\[([\w.:-]+)\]:(\d{1,5}) /, USER = /^[\w.-]+$/, portLines = (knownHosts) => knownHosts.split(`
`).flatMap((line) => {
  let [, host, port] = WITH_PORT.exec(line) ?? [];
  return host && port ? [`Host ${host}`, `  Port ${port}`] : [];
}), configOf = (user, knownHosts) => {
  let at = (file) => `"\${${SSH_VARIABLE}}/${file}"`;
  return `${[
    ...portLines(knownHosts),
    "Host *",
    `  User ${user}`,
    `  IdentityFile ${at("key")}`,
    `  CertificateFile ${at("key-cert.pub")}`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile ${at("known_hosts")}`,
    "  GlobalKnownHostsFile /dev/null",
    "  StrictHostKeyChecking yes",
    "  BatchMode yes"
  ].join(`
`)}
`;
}, sshFiles = (fields) => {
  let valueOf = (name) => fields.find((field) => field.name === name)?.value ?? "", [key, certificate, knownHosts] = [valueOf("private_key"), valueOf("certificate"), valueOf("known_hosts")];
  if (key === "" || certificate === "") return null;
  let user = valueOf("user");
  if (!USER.test(user)) throw usedWrongly("The server names no account for the hosts of this access.");
  return {
    key,
    "key-cert.pub": `${certificate}
`,
    known_hosts: `${knownHosts}
`,
    config: configOf(user, knownHosts)
  };
};

// src/cli/job/credentials.ts
var fetchCredentials = async (server, request, signal) => {
  let call = (body) => server.call("POST", `/requests/${encodeURIComponent(request)}/credentials`, {
    doing: "Fetching the credentials",
    ...body && { body },
    ...signal && { signal }
  });
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof JobFailure) || error.code !== "public_key_missing") throw error;
  }
  let { publicKey, privateKey } = createKeyPair(), given2 = await call({ public_key: publicKey });
  return { ...given2, fields: [...given2.fields, { name: "private_key", env: null, value: privateKey, secret: !0 }] };
};

// src/lib/code-variables.ts
var PREFIXES = /^(?:LD_|DYLD_|PYTHON|NODE_|NPM_CONFIG_|PERL|RUBY|GEM_(?:HOME|PATH)|BUNDLE_|LUA_|PHP|JAVA_|JDK_|_JAVA|CLASSPATH|MAVEN_|GRADLE_|CARGO_(?:HOME|BUILD|TARGET)|RUST(?:C|UP|FLAGS)|DOTNET_|BASH|SHELL|GCONV_PATH|GLIBC_|LOCPATH|NLSPATH|OPENSSL_|GIT_(?!TOKEN$|PASSWORD$|USERNAME$)|SSH_ASKPASS|EDITOR|VISUAL|PAGER|PSQL|PGSYSCONFDIR|PGSERVICE|LIBMYSQL_|MYSQL_HOME|MALLOC_|XDG_|COR_|CORECLR_|COMPLUS_|JULIA_|R_(?:PROFILE|ENVIRON|LIBS|HOME)|GTK_|GIO_|GDK_|QT_|TCL|AWK|GHC_|OCAML|CAML|GUILE_|KRB5|SASL_|ODBC|TNS_ADMIN|SSH_AUTH_SOCK)/, TOOLS = /^(?:ZDOTDIR|ERL_|ELIXIR_|GOCACHEPROG|PIP_|UV_|TF_(?:CLI_|PLUGIN_|REATTACH_)|TERRAFORM_CONFIG|ANSIBLE_|SUDO_|RSYNC_|CVS_|SVN_|TAR_|GCC_|CMAKE_|YARN_|COMPOSER_|HELM_|DOCKER_|AWS_(?:CONFIG_FILE|SHARED_CREDENTIALS_FILE|DATA_PATH)|CLOUDSDK_(?:CONFIG|PYTHON))(?!\w*(?:TOKEN|PASSWORD|USERNAME|AUTH)$)/, WHOLE = new Set(
  "ENV IFS PATH PS4 PROMPT_COMMAND HOME TMPDIR MAKEFLAGS LESSOPEN LESSCLOSE GOFLAGS GOENV GOROOT GOPATH GOPROXY GOTOOLCHAIN".split(
    " "
  )
), LEADS_ELSEWHERE = /^(?:SSL_CERT_|CURL_|LATCHKEY_|AWS_(?:ENDPOINT_URL|EC2_METADATA_|CONTAINER_)|VAULT_(?!TOKEN$)|PG(?:HOSTADDR|OPTIONS|SSL\w*|REQUIRE\w+|GSS\w*)$)|(?:_PROXY|_CA_BUNDLE|_CACERT|_CAFILE|_CA_FILE|_ENDPOINT_URL)$/i, ENDINGS = /(?:PAGER|EDITOR|BROWSER|ASKPASS|_RSH|_SSH|_SHELL|_OPTS|_OPTIONS|FLAGS|_ARGS|PRELOAD|_STARTUP|_PLUGINS?|INDEX_URL|_REGISTRY|_MIRROR)$/, loadsCode = (name) => PREFIXES.test(name) || WHOLE.has(name) || TOOLS.test(name) || ENDINGS.test(name), KNOWN = /^(?:PG(?:HOST|PORT|DATABASE|USER|PASSWORD)|KUBECONFIG|TF_VAR_\w+)$/, HOLDS = /^(?:[A-Z][A-Z0-9]*_)+(?:TOKEN|PASSWORD|PASSWD|PASS|PWD|SECRET|KEY|KEY_ID|USER|USERNAME|LOGIN|AUTH|HOST|PORT|URL|URI|DSN|DATABASE|DB|SCHEMA|SERVER|ADDR|ADDRESS|ENDPOINT|REGION|ACCOUNT|ID|NAME|TENANT|PROJECT|ORGANIZATION|ROLE)$|^(?:TOKEN|PASSWORD|SECRET)$/, isFitForCredential = (name) => (HOLDS.test(name) || KNOWN.test(name)) && !loadsCode(name) && !LEADS_ELSEWHERE.test(name);

// src/cli/job/private-folder.ts
import { mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
var makePrivateFolder = (parent, files) => {
  let folder = mkdtempSync(path.join(parent, "latchkey-"));
  for (let [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text, { mode: 384 });
  return folder;
};

// src/cli/job/environment.ts
var NAMING = /^([A-Za-z_]\w*)=(.+)$/, TOKEN = /(?:^|_)(?:ID|OIDC)_TOKEN/i;
var readNaming = (text) => {
  let [, name, field] = NAMING.exec(text) ?? [];
  if (!name || !field) throw usedWrongly(`--env ${text.slice(0, 60)}: write NAME=field, such as DATABASE_URL=url.`);
  if (TOKEN.test(name)) throw usedWrongly(`--env ${name}: this name is kept for the job's token; choose another one.`);
  return { name, field };
}, namedFields = (fields, namings) => Object.fromEntries(
  namings.map(({ name, field }) => {
    let found = fields.find((one) => one.name === field);
    if (found) return [name, found.value];
    throw usedWrongly(
      `--env ${name}=${field}: there is no field ${field}. There are: ${fields.map((one) => one.name).join(", ")}.`
    );
  })
), ownNames = (fields) => {
  let unfit = fields.find(({ env }) => env !== null && !isFitForCredential(env));
  if (unfit)
    throw usedWrongly(`The target wants its ${unfit.name} to be called ${unfit.env}, which is no name for it.`);
  return Object.fromEntries(fields.flatMap(({ env, value }) => env === null ? [] : [[env, value]]));
}, isFileField = ({ name }) => name === "kubeconfig";
var credentialsIn = (fields, namings) => ({
  ...ownNames(fields),
  ...namedFields(fields, namings)
});

// src/cli/job/masks.ts
import { execFile as execFile2 } from "node:child_process";
import { fstatSync, readlinkSync } from "node:fs";
import { promisify as promisify2 } from "node:util";
var run2 = promisify2(execFile2), REDACTOR_MS = 5e3, SHORTEST = 6, formsOf = (value) => {
  let lines = value.split(/\r\n|[\r\n]/);
  return [...lines, ...lines.map(encodeURIComponent)].filter((form) => form.trim().length >= SHORTEST);
}, formsToMask = (fields) => [
  ...new Set(fields.filter(({ secret }) => secret).flatMap(({ value }) => formsOf(value)))
], commandOf = (form) => `::add-mask::${form.replaceAll("%", "%25")}`, linkOf = (file) => {
  try {
    return readlinkSync(file);
  } catch (error) {
    if (error instanceof Error && "code" in error) return null;
    throw error;
  }
}, isOutputElsewhere = () => {
  if (fstatSync(1).isFile()) return !0;
  let parent = `/proc/${process.ppid}/fd`, errors = linkOf("/proc/self/fd/2");
  return errors !== null && errors === linkOf(`${parent}/2`) && linkOf("/proc/self/fd/1") !== linkOf(`${parent}/1`);
}, mask = async (fields, { env, isOutputTaken = !1 }) => {
  let forms = formsToMask(fields);
  if (forms.length === 0) return;
  if (env.GITHUB_ACTIONS === "true") {
    let stream = isOutputTaken || isOutputElsewhere() ? process.stderr : process.stdout;
    await new Promise((resolve) => stream.write(`${forms.map(commandOf).join(`
`)}
`, () => resolve()));
  }
  if (env.BUILDKITE !== "true") return;
  let adding = run2("buildkite-agent", ["redactor", "add"], { timeout: REDACTOR_MS });
  adding.child.stdin?.on("error", () => {
  }), adding.child.stdin?.end(forms.join(`
`)), await adding.catch(() => say("buildkite-agent could not redact the credentials; do not print them."));
};

// src/cli/job/action/runner.ts
import { randomUUID as randomUUID2 } from "node:crypto";
import { appendFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path2 from "node:path";
var inputOf = (env, name) => env[`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`]?.trim() || null, demandInput = (env, name) => {
  let value = inputOf(env, name);
  if (value === null) throw usedWrongly(`The input "${name}" is missing.`);
  return value;
}, withAddress = (env) => {
  let url = inputOf(env, "url");
  return url === null ? env : { ...env, LATCHKEY_URL: url };
}, write = (env, file, { name, value }) => {
  let target = env[file];
  if (!target) throw usedWrongly(`${file} is not set: this runs in a GitHub Action.`);
  let delimiter = `latchkey_${randomUUID2()}`;
  appendFileSync(target, `${name}<<${delimiter}
${value}
${delimiter}
`);
}, setOutput = (env, name, value) => write(env, "GITHUB_OUTPUT", { name, value }), setVariable = (env, name, value) => write(env, "GITHUB_ENV", { name, value }), saveState = (env, name, value) => write(env, "GITHUB_STATE", { name, value });
var FOLDER = "folder", privateFolder = (env, files) => {
  let folder = makePrivateFolder(env.RUNNER_TEMP ?? tmpdir(), files);
  return saveState(env, FOLDER, folder), folder;
}, privateFile = (env, name, text) => path2.join(privateFolder(env, { [name]: text }), name);
var escaped = (text) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll(`
`, "%0A"), command = (kind, text) => {
  process.stdout.write(`::${kind} title=Latchkey::${escaped(text)}
`);
};
var runStep = async (step) => {
  try {
    return await step(), 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return command("error", error.message), error instanceof JobFailure ? error.exit : 1;
  }
};

// src/cli/job/action/request-step.ts
var WAIT = "30m", waitMs = (env) => {
  let text = inputOf(env, "wait") ?? WAIT, ms = readTypedDuration(text);
  if (ms === null) throw usedWrongly(`The input "wait" is no duration: ${text.slice(0, 40)}; write one such as 30m.`);
  return ms;
}, wantedOf = (env) => {
  let [length, ticket] = [inputOf(env, "for"), inputOf(env, "ticket")];
  return {
    role: demandInput(env, "role"),
    reason: demandInput(env, "reason"),
    ...length !== null && { for: length },
    ...ticket !== null && { ticket }
  };
}, namingsOf = (env) => (inputOf(env, "env") ?? "").split(`
`).map((line) => line.trim()).filter(Boolean).map(readNaming), decided = async (server, env, until) => {
  let asked = await requestAccess(server, wantedOf(env), until);
  saveState(env, "request", asked.id);
  try {
    return demandActive(await waitForAccess(server, asked, until));
  } catch (error) {
    throw await takeBack(server, asked), error;
  }
}, isExported = (env) => {
  let text = inputOf(env, "export") ?? "false";
  if (text !== "true" && text !== "false")
    throw usedWrongly(`The input "export" must be true or false, and is ${text.slice(0, 40)}.`);
  return text === "true";
}, withFiles = (env, fields) => fields.map((field) => isFileField(field) ? { ...field, value: privateFile(env, field.name, field.value) } : field), exportAll = (env, fields, namings) => {
  let own = isExported(env) ? fields : fields.map((field) => ({ ...field, env: null }));
  for (let [name, value] of Object.entries(credentialsIn(own, namings))) setVariable(env, name, value);
}, requestStep = async (env) => {
  let namings = namingsOf(env);
  isExported(env);
  let server = connect(withAddress(env)), signals = listenToSignals();
  saveState(env, "begun", "true");
  let active = await decided(server, env, { deadline: performance.now() + waitMs(env), signal: signals.ended }), given2 = await fetchCredentials(server, active.id);
  await mask(given2.fields, { env }), setOutput(env, "request", active.id), setOutput(env, "grant", given2.grant), setOutput(env, "expires-at", given2.expires_at);
  let fields = withFiles(env, given2.fields);
  for (let { name, value } of fields) setOutput(env, name, value);
  let ssh = sshFiles(fields);
  if (ssh !== null) {
    let folder = privateFolder(env, ssh);
    setOutput(env, "ssh", folder), isExported(env) && setVariable(env, SSH_VARIABLE, folder);
  }
  exportAll(env, fields, namings);
};

// src/cli/job/action/main.ts
process.exitCode = await runStep(() => requestStep(process.env));
