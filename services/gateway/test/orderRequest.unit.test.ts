// What `POST /order` takes, in the demo's words and in the demo's order.
import { parseIdempotencyKey, parseOrderRequest } from '../src/orderRequest.ts';

const MISSING_PRODUCT = 'productId field is missing from body params';
const MISSING_USER = 'userId field is missing from body params';
const NO_ID = (field: string) => `${field} must be a whole number from 1 to 9007199254740991`;

describe('an order', () => {
  it.each([
    [{ productId: 1, userId: 2 }],
    [{ productId: '1', userId: '2' }],
    [{ productId: 1, userId: 2, quantity: 9, anything: {} }],
  ])('is read from %j', (body) => {
    expect(parseOrderRequest(body)).toEqual({ productId: 1, userId: 2 });
  });

  it.each([
    ['no body', undefined, MISSING_PRODUCT],
    ['nothing', {}, MISSING_PRODUCT],
    ['product 0', { productId: 0, userId: 1 }, MISSING_PRODUCT],
    ['no user', { productId: 1 }, MISSING_USER],
    ['user 0', { productId: 1, userId: 0 }, MISSING_USER],
    ['no user, and a product that is none', { productId: '3abc' }, MISSING_USER],
    ['a product that is none', { productId: '3abc', userId: 1 }, NO_ID('productId')],
    ['an object for a product', { productId: { a: 1 }, userId: 1 }, NO_ID('productId')],
    ['a list for a user', { productId: 1, userId: [3] }, NO_ID('userId')],
    ['neither an id', { productId: '3abc', userId: [3] }, NO_ID('productId')],
  ])('with %s is refused', (_case, body, message) => {
    expect(() => parseOrderRequest(body)).toThrow(
      expect.objectContaining({ code: 'invalid', message }) as Error,
    );
  });
});

describe('an Idempotency-Key', () => {
  it('may be absent', () => {
    expect(parseIdempotencyKey(undefined)).toBeUndefined();
  });

  it.each(['k', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '~'.repeat(255)])('may be %s', (key) => {
    expect(parseIdempotencyKey(key)).toBe(key);
  });

  it.each(['', 'a b', 'a, b', 'x'.repeat(256), 'ключ', 'tab\t', '\u007f'])(
    'may not be %j',
    (key) => {
      expect(() => parseIdempotencyKey(key)).toThrow(/^Idempotency-Key must be 1 to 255 visible/);
    },
  );
});
