// What the cursors of a relay say, where there are none.
import type { RelayCursor } from '@orderflow/shared/messaging/relayPositions.ts';
import { Findings } from '../src/verify/findings.ts';
import { RelayBook } from '../src/verify/relayBook.ts';

const place = (position: number) => ({ incarnation: 1, position, part: 0 });

function bookWith(cursors: readonly RelayCursor[]): RelayBook {
  return new RelayBook({
    ...{ publisher: 'orders', topic: 'orders.v1', cursors, findings: new Findings() },
    head: { incarnation: 70, position: 9 },
  });
}

it('A relay without cursors, as a restore leaves it, stands behind nobody', () => {
  expect(bookWith([]).behindHandled(3, place(5), 'inventory')).toBeUndefined();
});

it('A relay whose cursor stands before what a reader has handled is told', () => {
  const book = bookWith([{ partition: 3, place: place(4), scannedPosition: 4 }]);
  expect(book.behindHandled(3, place(5), 'inventory')).toContain(
    'relay cursor orders.v1/3 stands at 1.4.0, but inventory has handled 1.5.0: it was rewound',
  );
  expect(book.behindHandled(3, place(4), 'inventory')).toBeUndefined();
});
