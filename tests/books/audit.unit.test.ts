// The audit must find what is wrong with an answer: a checker that finds nothing proves nothing.
import { audit, type ClientAnswer } from './audit.ts';
import type { LoggedEvent } from './logs.ts';

const event = (position: number, type: string, data: LoggedEvent['data']): LoggedEvent => ({
  ...{ position, streamId: 'order-o', version: position, type },
  data,
});
const requested = event(1, 'OrderRequested', { orderId: 'o', lines: [{}] });
const confirmed = event(2, 'OrderConfirmed', { orderId: 'o' });
const added = event(1, 'ProductAdded', { productId: 7, quantity: 1, availableQuantity: 1 });
const reserved = event(2, 'StockReserved', {
  ...{ productId: 7, orderId: 'o', quantity: 1, sold: true, availableQuantity: 0 },
});

const breachesOf = (answer: Partial<ClientAnswer>) =>
  audit(
    [{ orderId: undefined, status: 200, text: '', ...answer }],
    [added, reserved],
    [requested, confirmed],
  ).breaches;

describe('The audit of an answer', () => {
  it.each([
    ['200 of a confirmed order', { orderId: 'o', status: 200 }],
    ['202 of an order that is in the log', { orderId: 'o', status: 202 }],
    ['409 of an unknown user, who has no order', { status: 409, text: 'No user exists with …' }],
    ['503, which promises nothing', { status: 503 }],
  ])('has nothing against a %s', (_case, answer) => {
    expect(breachesOf(answer)).toEqual([]);
  });

  it.each([
    ['200 without an order', { status: 200 }],
    ['200 of an order that is not in the log', { orderId: 'x', status: 200 }],
    ['202 of an order that is not in the log', { orderId: 'x', status: 202 }],
    ['409 about stock without an order', { status: 409, text: 'Product is out of stock' }],
    ['409 of an order that was confirmed', { orderId: 'o', status: 409 }],
    ['409 of an order that is not in the log', { orderId: 'x', status: 409 }],
  ])('finds a %s', (_case, answer) => {
    expect(breachesOf(answer)).toHaveLength(1);
  });
});
