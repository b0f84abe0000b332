// What the relay's lease and cursors promise, wherever they are kept.
import { START } from '../messaging/chain.ts';
import type { RelayCursor, RelayPositions } from '../messaging/relayPositions.ts';
import { eventually } from './eventually.ts';

const PARTITIONS = 3;

/** A cursor that has served up to this position of incarnation 1. */
const at = (partition: number, position: number): RelayCursor => ({
  partition,
  place: { incarnation: 1, position, part: 0 },
  scannedPosition: position,
});
const begun = [0, 1, 2].map((partition) => ({ partition, place: START, scannedPosition: 0 }));
const served = [at(0, 5), at(1, 9), at(2, 7)];

/** Declares the cases; `open` gives the positions of a new topic of three partitions, which nobody leads. */
export function relayPositionsContract(
  name: string,
  open: (partitionCount: number) => Promise<RelayPositions>,
): void {
  describe(`the relay's positions in ${name}`, () => {
    let positions: RelayPositions;
    beforeEach(async () => {
      positions = await open(PARTITIONS);
    });

    async function lead(owner: string) {
      const leadership = await positions.acquire(owner);
      if (leadership === undefined) throw new Error(`${owner} does not lead`);
      return leadership;
    }

    it('begin at the start, with a lease that whoever asks first gets', async () => {
      expect((await lead('a')).cursors).toEqual(begun);
      expect(await positions.acquire('b')).toBeUndefined();
      expect(await positions.reload('b')).toBeUndefined();
    });

    it('keep what the leader has saved, for itself and for whoever leads after it', async () => {
      const { epoch } = await lead('a');
      expect(await positions.save('a', { epoch, cursors: served })).toBe(true);
      expect(await positions.reload('a')).toEqual({ epoch, cursors: served });
      await positions.release('a', { epoch, cursors: [at(0, 6), at(1, 9), at(2, 7)] });
      const next = await lead('b');
      expect(next.cursors).toEqual([at(0, 6), at(1, 9), at(2, 7)]);
      expect(next.epoch).toBeGreaterThan(epoch);
    });

    it('take nothing from an owner whose lease has run out and went to another', async () => {
      const { epoch } = await lead('a');
      const other = await eventually(() => positions.acquire('b'), "a's lease has run out");
      expect(await positions.save('a', { epoch, cursors: served })).toBe(false);
      await positions.release('a', { epoch, cursors: served });
      expect(await positions.reload('b')).toEqual({ epoch: other.epoch, cursors: begun });
    });

    it('take nothing from a leader that does not know of a rewind, until it has read it', async () => {
      const { epoch } = await lead('a');
      await positions.save('a', { epoch, cursors: served });
      await positions.rewind(1, { incarnation: 1, position: 4, part: 0 }, 1);
      expect(await positions.save('a', { epoch, cursors: served })).toBe(false);
      await positions.release('a', { epoch, cursors: served });
      const again = await positions.reload('a');
      expect(again?.epoch).toBeGreaterThan(epoch);
      const rewound = { ...at(1, 4), scannedPosition: 3 };
      expect(again?.cursors).toEqual([at(0, 5), rewound, at(2, 7)]);
    });

    it('are never moved forward by a rewind, which raises the epoch all the same', async () => {
      const { epoch } = await lead('a');
      await positions.save('a', { epoch, cursors: served });
      await positions.rewind(0, { incarnation: 1, position: 50, part: 0 }, 1);
      expect(await positions.save('a', { epoch, cursors: served })).toBe(false);
      expect((await positions.reload('a'))?.cursors).toEqual(served);
    });

    it('let the log be looked at from its beginning after a rewind to an earlier incarnation', async () => {
      const { epoch } = await lead('a');
      await positions.save('a', { epoch, cursors: served });
      await positions.rewind(2, { incarnation: 1, position: 3, part: 1 }, 2);
      const [, , cursor] = (await positions.reload('a'))?.cursors ?? [];
      expect(cursor).toEqual({
        partition: 2,
        place: { incarnation: 1, position: 3, part: 1 },
        scannedPosition: 0,
      });
    });

    it('turn down a rewind of a partition that there is not', async () => {
      await lead('a');
      await expect(positions.rewind(PARTITIONS, START, 1)).rejects.toThrow(RangeError);
    });
  });
}
