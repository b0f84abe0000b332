// Runs once before the tests of the charts: makes the packages that the charts depend on.
import { buildDependencies } from '../../local/charts/manifests.ts';
import { findTool } from '../../local/charts/tools.ts';

/** Does nothing where Helm is missing: the tests then say that they were not run. */
export default function buildCharts(): void {
  if (findTool('helm') !== undefined) buildDependencies();
}
