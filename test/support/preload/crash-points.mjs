/**
 * Part of the program under test (`mortal.mjs`): lets it kill itself at a named point. Points are what leaves the process, since only that can
 * be seen after its death: a statement to a database, a commit, a call to Slack, a job handed to the queue. The program has no part in it.
 */
import { Queue } from 'bullmq';
import pg from 'pg';
import { Agent } from 'undici';

/** `{ wire, when, text, holds }`: what is awaited now; nothing while null. */
let point = null;

process.on('message', (given) => {
  if (given.wire === undefined) return;
  point = given;
  process.send({ isArmed: true });
});

/** A look that found nothing is not what is waited for, where the test says so. */
const dieOf = (result) => (point.isOfRows && result.rowCount === 0 ? undefined : die());

const die = () => process.kill(process.pid, 'SIGKILL');

const isAt = (wire, text, content) =>
  point !== null &&
  point.wire === wire &&
  text.includes(point.text) &&
  (point.holds ?? []).every((part) => content.includes(part));

/** Connections with an open transaction in which the awaited statement ran: its commit is the point. */
const marked = new WeakSet();
const open = new WeakSet();

const textOf = (first) => (typeof first === 'string' ? first : (first?.text ?? ''));
const nameOf = (first) => (typeof first === 'string' ? '' : (first?.name ?? ''));

/** Calls `then` once the query has been answered, however its caller waits for it. */
const afterAnswer = (args, run, then) => {
  const callback = args.at(-1);
  if (typeof callback === 'function') {
    const rest = args.slice(0, -1);
    return run([...rest, (error, result) => (error || then(result), callback(error, result))]);
  }
  const answer = run(args);
  if (typeof answer?.then !== 'function') return answer;
  return answer.then((result) => (then(result), result));
};

const onBegin = (client) => {
  open.add(client);
  marked.delete(client);
};

const onCommit = (client, args, run) => {
  open.delete(client);
  if (!marked.has(client)) return run(args);
  marked.delete(client);
  if (point?.when === 'before') die();
  return afterAnswer(args, run, die);
};

const onStatement = (client, args, run) => {
  const [first, second] = args;
  const values = JSON.stringify((Array.isArray(second) ? second : first?.values) ?? []);
  if (!isAt('sql', `${nameOf(first)} ${textOf(first)}`, values)) return run(args);
  if (!open.has(client) && point.when === 'before') die();
  if (!open.has(client)) return afterAnswer(args, run, dieOf);
  marked.add(client);
  return run(args);
};

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function atPoint(...args) {
  const run = (given) => query.apply(this, given);
  const text = textOf(args[0]);
  if (/^commit\b/i.test(text)) return onCommit(this, args, run);
  // One text may be a whole transaction.
  if (/^begin\b/i.test(text) && !/\bcommit;?\s*$/i.test(text)) onBegin(this);
  if (/^rollback\b/i.test(text)) open.delete(this);
  return onStatement(this, args, run);
};

const plain = (value) => (typeof value === 'string' ? value : '');

/** Slack has done its part once it begins to answer. */
const dieOnAnswer = (handler) =>
  new Proxy(handler, {
    get: (of, key) => (key === 'onHeaders' ? die : Reflect.get(of, key, of)),
  });

const dispatching = Object.getPrototypeOf(Agent.prototype);
const { dispatch } = dispatching;
dispatching.dispatch = function atPoint(call, handler) {
  const isHere = isAt('slack', plain(call.path), decodeURIComponent(plain(call.body)));
  if (isHere && point.when === 'before') die();
  return dispatch.call(this, call, isHere ? dieOnAnswer(handler) : handler);
};

const { addBulk } = Queue.prototype;
Queue.prototype.addBulk = async function atPoint(jobs) {
  const isHere = isAt('queue', this.name, JSON.stringify(jobs));
  if (isHere && point.when === 'before') die();
  const added = await addBulk.call(this, jobs);
  if (isHere) die();
  return added;
};
