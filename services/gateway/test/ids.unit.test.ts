// The ids of orders: layout, order in time, and one key, one id.
import { createOrderIds, uuidV7, uuidV8FromKey } from '../src/ids.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('an order id without a key', () => {
  it('is the UUID v7 of RFC 9562, appendix A.6', () => {
    // The RFC's example: 2022-02-22 14:22:22 -05:00, rand_a = CC3, rand_b = 18C4DC0C0C07398F.
    const random = Buffer.from('0cc318c4dc0c0c07398f', 'hex');
    expect(uuidV7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('sorts by time, whatever the random bytes are', () => {
    const low = new Uint8Array(10);
    const high = new Uint8Array(10).fill(0xff);
    expect(uuidV7(1_700_000_000_000, high) < uuidV7(1_700_000_000_001, low)).toBe(true);
    expect(UUID.exec(uuidV7(0, high))?.[1]).toBe('7');
  });

  it.each([
    [-1, 10],
    [1.5, 10],
    [2 ** 48, 10],
    [0, 9],
    [0, 16],
  ])('refuses the time %d with %d random bytes', (time, bytes) => {
    expect(() => uuidV7(time, new Uint8Array(bytes))).toThrow(RangeError);
  });
});

describe('the source of order ids', () => {
  it('gives UUIDs v7 of the present time, each with other random bytes, also when its pool is used up', () => {
    const newOrderId = createOrderIds();
    const ids = Array.from({ length: 2_000 }, newOrderId);
    expect(ids.every((id) => UUID.exec(id)?.[1] === '7')).toBe(true);
    // 62 random bits behind the version's group.
    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(ids.length);
    const now = Number.parseInt(newOrderId().replace('-', '').slice(0, 12), 16);
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
  });
});

describe('an order id made from a key', () => {
  it('is a UUID v8, the same at any time', () => {
    const id = uuidV8FromKey('anonymous', 'key-1');
    expect(UUID.exec(id)?.[1]).toBe('8');
    expect(uuidV8FromKey('anonymous', 'key-1')).toBe(id);
  });

  it('never changes between versions: a client’s repeat may come after an upgrade', () => {
    expect(uuidV8FromKey('anonymous', 'key-1')).toBe('c247a35a-13f2-8e91-b97b-8c29f46f984e');
  });

  it('differs by key and by subject', () => {
    const ids = [
      uuidV8FromKey('anonymous', 'key-1'),
      uuidV8FromKey('anonymous', 'key-2'),
      uuidV8FromKey('anonymous', 'KEY-1'),
      uuidV8FromKey('someone', 'key-1'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('does not confuse where the subject ends and the key begins', () => {
    expect(uuidV8FromKey('ab', 'c')).not.toBe(uuidV8FromKey('a', 'bc'));
    expect(uuidV8FromKey('', 'abc')).not.toBe(uuidV8FromKey('abc', ''));
  });
});
