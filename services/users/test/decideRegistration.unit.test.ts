// The rules of a user's registration, and that its events carry nothing personal.
import { userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { given } from '@orderflow/shared/testing/given.ts';
import { userDecider } from '../src/domain/decideRegistration.ts';
import { userCodec } from '../src/eventCodec.ts';

const data = {
  userId: userIdSchema.parse(1),
  uuid: '5f0c1f52-4a52-4a6e-9f1e-3d5c7d0b9a11',
  at: '2026-11-22T11:07:18.764Z',
};

describe('registering a user', () => {
  it('gives the user an id and a uuid', () => {
    given(userDecider)
      .when({ type: 'RegisterUser', ...data })
      .then({ type: 'UserRegistered', data });
  });

  it('is done once per id', () => {
    given(userDecider, { type: 'UserRegistered', data })
      .when({ type: 'RegisterUser', ...data })
      .thenRejected('already_registered');
  });
});

describe('a stored UserRegistered', () => {
  it('is read back as it was written', () => {
    const stored: unknown = JSON.parse(JSON.stringify(data));
    expect(userCodec.parse('UserRegistered', 1, stored)).toEqual({ type: 'UserRegistered', data });
    expect(userCodec.schemaVersionOf('UserRegistered')).toBe(1);
  });

  it('cannot carry an e-mail', () => {
    const personal = { ...data, email: 'someone@example.com' };
    expect(() => userCodec.parse('UserRegistered', 1, personal)).toThrow('email');
  });

  it('of a newer build is refused in words that say so', () => {
    expect(() => userCodec.parse('UserRegistered', 2, data)).toThrow('newer');
    expect(() => userCodec.parse('UserErased', 1, data)).toThrow('newer');
  });
});
