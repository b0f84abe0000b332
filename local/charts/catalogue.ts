// The charts in deploy/helm, and where they are.
import path from 'node:path';
import { CHECKOUT } from '../places.ts';

export const SERVICES = ['users', 'inventory', 'orders', 'gateway'] as const;
/** A service that has a chart of its own. */
export type Service = (typeof SERVICES)[number];

/** Charts that can be installed; each may only depend on charts before it. */
export const CHARTS = [...SERVICES, 'orderflow'] as const;
/** A chart that can be installed. */
export type Chart = (typeof CHARTS)[number];

/** What is rendered from the charts, for those without Helm. */
export const MANIFESTS_DIR = path.join(CHECKOUT, 'deploy', 'kubernetes');
/** The namespace that the rendered manifests name. */
export const NAMESPACE = 'orderflow';

/** The directory of a chart. */
export function chartDir(chart: string): string {
  return path.join(CHECKOUT, 'deploy', 'helm', chart);
}
