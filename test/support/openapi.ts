/** Holds each answer of the API against the OpenAPI document that the server itself gives. */
import { z } from 'zod';

type Schema = Parameters<typeof z.fromJSONSchema>[0];
type Content = Record<string, { schema: Schema }>;
type Operation = { responses: Record<string, { content: Content }> };
type Document = { paths: Record<string, Record<string, Operation>> };

const isPath = (template: string, path: string): boolean =>
  new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);

export type Answered = { method: string; path: string; status: number; type: string; body: unknown };

/** `path` as it was called, with its query. Null where the answer is what the document says; else what is wrong. */
export const openApiChecker = (document: unknown) => {
  const { paths } = document as Document;
  return ({ method, path, status, type, body }: Answered): string | null => {
    const [bare = ''] = path.split('?');
    const template = Object.keys(paths).find((one) => isPath(one, bare));
    const operation = template === undefined ? undefined : paths[template]?.[method.toLowerCase()];
    const isUnknown = status === 404 && type === 'application/problem+json';
    if (!operation)
      return isUnknown || bare.endsWith('/openapi.json') ? null : `${method} ${bare} is not in the document`;
    const described = operation.responses[String(status)] ?? operation.responses['default'];
    const [media = ''] = type.split(';');
    const schema = described?.content[media]?.schema;
    if (!schema) return `${method} ${bare} answered ${status} as ${media}, which the document does not have`;
    const parsed = z.fromJSONSchema(schema).safeParse(body);
    return parsed.success ? null : `${method} ${bare} ${status}: ${parsed.error.message}`;
  };
};
