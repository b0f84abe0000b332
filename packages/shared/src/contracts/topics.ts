// The topics, named once. Each is owned by the service that publishes to it; its messages stand in the file beside.

/** The three topics. A deployment may put a prefix before them (`TOPIC_PREFIX`), nothing else. */
export const USERS_TOPIC = 'users.v1';
export const INVENTORY_TOPIC = 'inventory.v1';
export const ORDERS_TOPIC = 'orders.v1';
