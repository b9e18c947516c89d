/** The OpenAPI 3.1 document, made of the schemas that check the calls. */
import { z } from 'zod';
import type { Route } from './routes.ts';
import { ROUTES } from './routes.ts';
import { idempotencyKey, problemAnswer, sessionAnswer, sessionBody } from './schemas.ts';

const BASE = '/api/v1';

/** The dialect is the document's own. */
const schemaOf = (type: z.ZodType, io: 'input' | 'output'): object => {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, { io });
  return schema;
};

const json = (type: z.ZodType): object => ({
  description: 'Done.',
  content: { 'application/json': { schema: schemaOf(type, 'output') } },
});

const PROBLEM = {
  description: 'What is wrong, with a stable code.',
  content: { 'application/problem+json': { schema: schemaOf(problemAnswer, 'output') } },
};

const KEY = { name: 'Idempotency-Key', in: 'header', required: false, schema: schemaOf(idempotencyKey, 'input') };

const parametersOf = ({ path, query, isKeyed }: Route): object[] => {
  const inPath = path.includes(':id') ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : [];
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, type]) => ({
    name,
    in: 'query',
    required: false,
    schema: schemaOf(type as z.ZodType, 'output'),
  }));
  return [...inPath, ...inQuery, ...(isKeyed ? [KEY] : [])];
};

const operationOf = (route: Route): object => ({
  summary: route.summary,
  security: [{ session: [] }],
  parameters: parametersOf(route),
  ...(route.body && {
    requestBody: {
      required: route.isBodyOptional !== true,
      content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
    },
  }),
  responses: {
    ...Object.fromEntries(Object.entries(route.answers).map(([status, type]) => [status, json(type)])),
    default: PROBLEM,
  },
});

const SESSIONS = {
  post: {
    summary: 'Exchange the OIDC token of a job for a session.',
    security: [],
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(sessionBody, 'input') } } },
    responses: { 201: json(sessionAnswer), default: PROBLEM },
  },
};

export const openApi = (version: string): object => {
  const paths: Record<string, Record<string, object>> = { [`${BASE}/sessions`]: SESSIONS };
  for (const route of ROUTES) {
    const path = `${BASE}${route.path.replace(':id', '{id}')}`;
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Latchkey API for clients', version },
    paths,
    components: { securitySchemes: { session: { type: 'http', scheme: 'bearer' } } },
  };
};
