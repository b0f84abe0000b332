// The rights in Kafka, as Kafka's own tool would give them and as people read them.
import { kafkaAclsCommandLines, kafkaRights, kafkaRightsTable } from '../src/kafkaAccess.ts';

it('the rights are given by these calls of kafka-acls.sh', () => {
  expect(kafkaAclsCommandLines(kafkaRights('shop.'))).toEqual([
    'kafka-acls.sh --add --allow-principal User:users --topic shop.users.v1 --operation Create --operation Write',
    'kafka-acls.sh --add --allow-principal User:inventory --topic shop.inventory.v1 --operation Create --operation Write',
    'kafka-acls.sh --add --allow-principal User:inventory --topic shop.orders.v1 --operation Read',
    'kafka-acls.sh --add --allow-principal User:inventory --group shop.orderflow-inventory --operation Read',
    'kafka-acls.sh --add --allow-principal User:orders --topic shop.orders.v1 --operation Create --operation Write',
    'kafka-acls.sh --add --allow-principal User:orders --topic shop.users.v1 --operation Read',
    'kafka-acls.sh --add --allow-principal User:orders --topic shop.inventory.v1 --operation Read',
    'kafka-acls.sh --add --allow-principal User:orders --group shop.orderflow-orders --operation Read',
    'kafka-acls.sh --add --allow-principal User:auditor --topic shop.users.v1 --operation Read',
    'kafka-acls.sh --add --allow-principal User:auditor --topic shop.inventory.v1 --operation Read',
    'kafka-acls.sh --add --allow-principal User:auditor --topic shop.orders.v1 --operation Read',
    'kafka-acls.sh --add --allow-principal User:auditor --group shop.orderflow-verify- --resource-pattern-type prefixed --operation Read',
  ]);
});

it('the table has a line for each principal and resource', () => {
  const lines = kafkaRightsTable(kafkaRights('')).split('\n');
  expect(lines[0]).toBe('User:users      topic users.v1             Create, Write');
  expect(lines[2]).toBe('User:inventory  topic orders.v1            Read');
  expect(lines.at(-1)).toBe('User:auditor    group orderflow-verify-*   Read');
});
