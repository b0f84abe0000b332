import { findBookFaults } from '../measure/books.ts';

const books = (available: number, confirmed: number, inCarts = confirmed) => ({
  products: new Map([[1, { available, confirmed, inCarts }]]),
  faults: [],
});

test('right books have no fault', () => {
  expect(findBookFaults(books(90, 10), { stock: 100, orderAnswers: { 200: 10 } })).toEqual([]);
});

test('more sold than there was is a fault', () => {
  const faults = findBookFaults(books(0, 120), { stock: 100, orderAnswers: { 200: 120 } });
  expect(faults).toEqual(['product 1: 0 left + 120 confirmed, stock 100']);
});

test('a cart that differs from the orders is a fault', () => {
  const faults = findBookFaults(books(90, 10, 9), { stock: 100, orderAnswers: { 200: 10 } });
  expect(faults).toEqual(['product 1: 9 in carts, 10 confirmed']);
});

test('an answer 200 without an order is a fault', () => {
  const faults = findBookFaults(books(91, 9), { stock: 100, orderAnswers: { 200: 10 } });
  expect(faults).toEqual(['10 orders were answered 200, 9 are confirmed']);
});

test('an order that nobody was told of is a fault, unless an answer is unknown', () => {
  const faultsWith = (orderAnswers: Record<string, number>) =>
    findBookFaults(books(89, 11), { stock: 100, orderAnswers });
  expect(faultsWith({ 200: 10 })).toHaveLength(1);
  expect(faultsWith({ 200: 10, 0: 1 })).toEqual([]);
  expect(faultsWith({ 200: 10, 202: 1 })).toEqual([]);
});

test('a refusal while there is stock is a fault', () => {
  const faults = findBookFaults(books(90, 10), { stock: 100, orderAnswers: { 200: 10, 409: 1 } });
  expect(faults).toEqual(['Orders were refused, and 90 pieces are left']);
});
