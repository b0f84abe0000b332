// Planted bugs in what is made of records, on their way out and in.
import { formatPlace, parsePlace, START } from '@orderflow/shared/messaging/chain.ts';
import type { IncomingRecord, MessageBroker } from '@orderflow/shared/messaging/transport.ts';

/** Every message passes for the next one: what stood before it is not asked. */
export function skipsChain(broker: MessageBroker): MessageBroker {
  return reading(broker, (text) =>
    text.replace(/"prevplace":"[^"]*"/, `"prevplace":"${formatPlace(START)}"`),
  );
}

/** A message's place ends with its event's position: the lines of one order look alike. */
export function forgetsParts(broker: MessageBroker): MessageBroker {
  return reading(broker, (text) =>
    text.replaceAll(/"(place|prevplace)":"([^"]*)"/g, (_match, name: string, place: string) => {
      const whole = formatPlace({ ...parsePlace(place), part: 0 });
      return `"${name}":"${whole}"`;
    }),
  );
}

/** Each record is read as `rewrite` makes it. */
function reading(broker: MessageBroker, rewrite: (text: string) => string): MessageBroker {
  const read = (record: IncomingRecord): IncomingRecord => ({
    ...record,
    value: Buffer.from(rewrite(record.value?.toString() ?? '')),
  });
  return {
    ...broker,
    createGroupConnection: (options, member) =>
      broker.createGroupConnection(options, {
        onAssigned: (assignment) => {
          member.onAssigned(assignment);
        },
        onCrash: (error, restarts) => {
          member.onCrash(error, restarts);
        },
        onBatch: (batch) => member.onBatch({ ...batch, records: batch.records.map(read) }),
      }),
  };
}

/** A send is taken for stored when it was handed over; whether it arrives is nobody's business. */
export function acknowledgesEarly(broker: MessageBroker): MessageBroker {
  return {
    ...broker,
    async createProducer() {
      const producer = await broker.createProducer();
      let last: Promise<unknown> = Promise.resolve();
      return {
        send(topic, records) {
          last = last.then(() => producer.send(topic, records)).catch(() => undefined);
          return Promise.resolve();
        },
        close: () => producer.close(),
      };
    },
  };
}
