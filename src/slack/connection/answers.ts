/** Answers of Slack's Web API that were made here: a call that need not be made, or several that look like one. */
import type { FetchFunction } from '@slack/web-api';

export type Answer = Awaited<ReturnType<FetchFunction>>;

type Made = { status: number; body: object; headers?: Record<string, string> };

export const answerOf = (url: string, { status, body, headers = {} }: Made): Answer => {
  const text = JSON.stringify(body);
  const entries = Object.entries(headers);
  return {
    ok: status >= 200 && status < 300,
    status,
    statusText: '',
    url,
    headers: {
      get: (name) => entries.find(([known]) => known === name.toLowerCase())?.[1] ?? null,
      entries: () => entries,
    },
    arrayBuffer: () => Promise.resolve(new TextEncoder().encode(text).buffer),
    json: () => Promise.resolve(JSON.parse(text) as unknown),
    text: () => Promise.resolve(text),
  };
};
