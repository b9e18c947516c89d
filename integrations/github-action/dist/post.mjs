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
}, RETRY_MAX_MS = 12e4, retryAfter = (header) => header !== null && /^\d{1,6}$/.test(header) ? Math.min(Number(header) * 1e3, RETRY_MAX_MS) : null, send = async (state, method, { path, ...options }) => {
  let limit = AbortSignal.timeout(options.timeoutMs ?? CALL_MS), { status, headers, text } = await exchange(`${state.url.replace(/\/+$/, "")}/api/v1${path}`, {
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
    call: (method, path, options = {}) => callUntil(state, method, { ...options, path }),
    now: () => Date.now() + state.offsetMs
  };
};

// src/cli/job/action/runner.ts
import { appendFileSync, rmSync } from "node:fs";
var inputOf = (env, name) => env[`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`]?.trim() || null;
var withAddress = (env) => {
  let url = inputOf(env, "url");
  return url === null ? env : { ...env, LATCHKEY_URL: url };
};
var stateOf = (env, name) => env[`STATE_${name}`] ?? null, FOLDER = "folder";
var removeFiles = (env) => {
  let folder = stateOf(env, FOLDER);
  folder !== null && rmSync(folder, { recursive: !0, force: !0 });
}, escaped = (text) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll(`
`, "%0A"), command = (kind, text) => {
  process.stdout.write(`::${kind} title=Latchkey::${escaped(text)}
`);
}, warn = (text) => command("warning", text), runStep = async (step) => {
  try {
    return await step(), 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return command("error", error.message), error instanceof JobFailure ? error.exit : 1;
  }
};

// src/cli/job/action/give-back-step.ts
var END_MS = 3e4, DOING = { doing: "Giving the access back", patienceMs: PATIENCE_MS }, cancel = async (server, id) => {
  let path = `/requests/${encodeURIComponent(id)}`, { state } = await server.call("GET", path, DOING);
  state === "pending" && await server.call("POST", `${path}/cancel`, DOING);
}, giveBackAll = async (env) => {
  let server = connect(withAddress(env)), request = stateOf(env, "request");
  request !== null && await cancel(server, request);
  let { ended, ending } = await server.call("DELETE", "/grants?mine", { ...DOING, timeoutMs: END_MS });
  ended.length > 0 && say(`Given back: ${ended.join(", ")}.`), ending.length > 0 && say(`Being ended, not yet confirmed by the target: ${ending.join(", ")}.`);
}, giveBackStep = async (env) => {
  if (stateOf(env, "begun") !== null) {
    removeFiles(env);
    try {
      await giveBackAll(env);
    } catch (error) {
      if (!(error instanceof JobFailure)) throw error;
      warn(`The access could not be given back: ${error.message} It ends by itself.`);
    }
  }
};

// src/cli/job/action/post.ts
process.exitCode = await runStep(() => giveBackStep(process.env));
