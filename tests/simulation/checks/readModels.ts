// P6: every read model equals the fold of its events, row for row, begun from nothing.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { createProjectionEngine } from '@orderflow/shared/eventstore/projectionEngine.ts';
import type { Row } from '@orderflow/shared/eventstore/projection.ts';
import type { SimDatabase } from '../database.ts';
import type { LoggedMessage } from '../rest.ts';
import type { Shop } from '../shop.ts';

/** Every breach concerning read models. `heard`: what orders has handled of the others' messages. */
export function checkReadModels(shop: Shop, heard: readonly LoggedMessage[]): string[] {
  const { orders, inventory, users } = shop.databases;
  const facts = [...shop.seededFacts, ...heard.map(({ type, data }) => ({ type, data }))];
  // A restored inventory decides again at other times; what is available comes out the same.
  const ignored = inventory.wasRestored ? ['updated_at'] : [];
  return [
    ...compare('orders', orders, facts, ignored),
    ...compare('inventory', inventory, [], []),
    ...compare('users', users, [], []),
  ];
}

function compare<Event extends DomainEvent, Fact extends DomainEvent>(
  service: string,
  database: SimDatabase<Event, Fact>,
  facts: readonly DomainEvent[],
  ignored: readonly string[],
): string[] {
  const own = database.memory.contents.log.map(({ recorded }) => recorded.event);
  const engine = createProjectionEngine<DomainEvent>(database.parts.projections);
  const events = [...facts, ...own];
  const folded = engine.fold(events, new Map(), engine.touchedRows(events));
  const expected = new Map(folded.map(({ table, inserted }) => [table.name, inserted]));
  const breaches: string[] = [];
  for (const { name } of database.parts.projections.flatMap(({ tables }) => tables)) {
    const found = textsOf(database.store.rows(name), ignored);
    const wanted = textsOf(expected.get(name) ?? [], ignored);
    for (const row of without(found, wanted))
      breaches.push(`P6: ${service}.${name} has a row that no event gives: ${row}`);
    for (const row of without(wanted, found))
      breaches.push(`P6: ${service}.${name} lacks a row: ${row}`);
  }
  return breaches;
}

function textsOf(rows: readonly Row[], ignored: readonly string[]): Set<string> {
  return new Set(
    rows.map((row) => {
      const columns = Object.entries(row).filter(([column]) => !ignored.includes(column));
      return JSON.stringify(Object.fromEntries(columns.sort()));
    }),
  );
}

function without(rows: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] {
  return [...rows].filter((row) => !others.has(row));
}
