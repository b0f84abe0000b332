// The table of docs/access.md: what each runtime user may do to each table of its database.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Rights by table, in the order SELECT, INSERT, UPDATE, DELETE. */
export type Rights = Readonly<Record<string, readonly string[]>>;

/** Reads the column of a service in the page's section on MySQL. Throws if it has none. */
export function documentedRights(service: string): Rights {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/access.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('MySQL')) ?? '';
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const column = rows[0]?.indexOf(service) ?? -1;
  if (column === -1) throw new Error(`docs/access.md has no column for ${service}`);
  const rights = rows.slice(2).map((row) => {
    const cell = row[column] ?? '';
    return [
      row[1]?.replaceAll('`', '') ?? '',
      cell === '-' ? undefined : cell.split(', '),
    ] as const;
  });
  return Object.fromEntries(rights.flatMap(([table, has]) => (has ? [[table, has]] : [])));
}
