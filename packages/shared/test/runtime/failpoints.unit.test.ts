// Failpoints: inert unless armed, exact about the pass that kills, and refused when their name is not known.
import { z } from 'zod';
import { ConfigError, processSettings, readConfig } from '@orderflow/shared/runtime/config.ts';
import { armFailpoints, failpoint } from '@orderflow/shared/runtime/failpoints.ts';

const read = (text: string) =>
  readConfig(z.object(processSettings(0)), { FAILPOINTS: text }).FAILPOINTS;

afterEach(() => {
  armFailpoints([]);
});

describe('a failpoint', () => {
  it('kills at the pass that it was armed for, and at no other', () => {
    const deaths: string[] = [];
    armFailpoints([{ name: 'relay.sent', pass: 3 }], (name) => deaths.push(name));
    const seen = [1, 2, 3, 4].map(() => {
      failpoint('relay.sent');
      failpoint('relay.saved');
      return deaths.length;
    });
    expect(seen).toEqual([0, 0, 1, 1]);
    expect(deaths).toEqual(['relay.sent']);
  });

  it('is read from the setting, several at a time', () => {
    expect(read('relay.sent=kill@3, consumer.committed=kill@40')).toEqual([
      { name: 'relay.sent', pass: 3 },
      { name: 'consumer.committed', pass: 40 },
    ]);
  });

  it.each(['relay.send=kill@3', 'relay.sent', 'relay.sent=kill@0', 'relay.sent=stop@1', ','])(
    'is refused as %j, with the names that there are',
    (text) => {
      const refused = () => read(text);
      expect(refused).toThrow(ConfigError);
      expect(refused).toThrow(/FAILPOINTS: given .*, expected NAME=kill@N.* relay\.sent, /);
    },
  );
});
