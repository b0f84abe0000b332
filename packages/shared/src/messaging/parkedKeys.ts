// Which keys have parked messages, as far as this process knows.

/** `topic/key` of keys whose messages are parked and not handled. */
export interface ParkedKeys {
  /** The set of the present assignment. Who holds it keeps it over a `renew`. */
  current(): Set<string>;
  /** Begins a new assignment with an empty set, which is filled from the table. */
  renew(): void;
}

/**
 * Makes an empty one. The set is replaced, never emptied: a batch that is being decided while the next assignment comes
 * would find no key parked, and handle a message behind one that was parked before it.
 */
export function createParkedKeys(): ParkedKeys {
  let keys = new Set<string>();
  return {
    current: () => keys,
    renew() {
      keys = new Set();
    },
  };
}
