// Runs once before the tests of the charts: makes the packages that the charts depend on.
import { buildDependencies } from '../../local/charts/manifests.ts';
import { missing } from './missing.ts';

/** Does nothing where Helm is missing or another: the tests then say that they were not run. */
export default function buildCharts(): void {
  if (missing([]).length === 0) buildDependencies();
}
