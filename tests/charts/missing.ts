// What the tests of the charts are run with, and why they are not.
import { findTool, outputOf } from '../../local/charts/tools.ts';

/** The charts are rendered, and deploy/kubernetes written, with this one: another may write the same otherwise. */
const HELM_MAJOR = 'v4';

/** What is missing of Helm and these tools, in words; nothing where the tests can be run. */
export function missing(tools: readonly string[]): readonly string[] {
  const absent = ['helm', ...tools].filter((tool) => findTool(tool) === undefined);
  if (absent.length > 0) return [`${absent.join(', ')} not installed`];
  const version = outputOf('helm', ['version', '--template', '{{.Version}}']);
  const isExpected = version.split('.')[0] === HELM_MAJOR;
  return isExpected ? [] : [`helm is ${version}, these tests need ${HELM_MAJOR}`];
}
