// How older schema versions of the orders' events are read: each step gives what the next version would have said.
import type { OrderRejected, OrderRequested } from './domain/order.ts';

/** OrderRequested, step by step. */
export const upcastOrderRequested = {
  /**
   * Version 2 says what version 1 says; but from it on, the order's row is written by its decision. A build before it would
   * look for that row and park the decision: so it meets a version that it does not know, and waits until this build has
   * taken over.
   */
  from1: (data: OrderRequested['data']): OrderRequested['data'] => data,
};

/** OrderRejected, step by step. */
export const upcastOrderRejected = {
  /** Version 2 has one reason more. */
  from1: (data: OrderRejected['data']): OrderRejected['data'] => data,
};
