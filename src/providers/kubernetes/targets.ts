/** The namespaces of a cluster by their labels, for `targets_from`. */
import { z } from 'zod';
import { targetsOf, type ListedTarget } from '../provider.ts';
import { openApi } from './api.ts';
import { settingsOf, type Config } from './config.ts';

const only = z.strictObject(
  {
    labels: z
      .string('must be a selector of labels, such as team=checkout')
      .regex(/^[A-Za-z0-9._/=!, ()-]{1,400}$/, 'must be a selector of labels, such as team=checkout')
      .optional(),
  },
  'must say which namespaces, as { labels: "team=checkout" }',
);

const namespace = z.looseObject({
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).nullish() }),
  status: z.looseObject({ phase: z.string().nullish() }).nullish(),
});

/** `app.kubernetes.io/part-of` is the field `label_app_kubernetes_io_part_of`. */
const fieldOf = (label: string): string => `label_${label.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}`;

/** One that is being deleted is none. */
export const namespaces = targetsOf<Config, z.infer<typeof only>>(
  only,
  async (config, { labels }, { signal }): Promise<ListedTarget[]> => {
    const api = openApi(settingsOf(config));
    try {
      const query: Record<string, string> = labels === undefined ? {} : { labelSelector: labels };
      const found = await api.list({ path: '/api/v1/namespaces', query }, namespace, signal);
      return found
        .filter(({ status }) => status?.phase !== 'Terminating')
        .map(({ metadata }) => ({
          ...Object.fromEntries(Object.entries(metadata.labels ?? {}).map(([label, value]) => [fieldOf(label), value])),
          namespace: metadata.name,
        }));
    } finally {
      await api.close();
    }
  },
);
