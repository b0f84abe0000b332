// What the users service takes for an e-mail.
import { parseRequest } from '@orderflow/shared/http/validate.ts';
import { registerUserBody } from '../src/http/schemas.ts';

const notAnEmail = 'Validation error: Validation isEmail on email failed';
const parse = (email: unknown) => () => parseRequest(registerUserBody, { email });

describe('the e-mail of POST /user', () => {
  it.each([
    'a@example.com',
    'Someone+tag@Sub.Example.co',
    "o'neill_1@example.museum",
    'ü@exämple.de',
    'x@xn--exmple-cua.de',
  ])('%s is taken as it is', (email) => {
    expect(parse(email)()).toEqual({ email });
  });

  it.each([undefined, null, '', 0, false])('%j is missing', (email) => {
    expect(parse(email)).toThrow('email field is missing from body params');
  });

  it.each([
    ...[
      'nobody',
      '@example.com',
      'a@b',
      'a@b.c',
      'a..b@example.com',
      'a@-b.com',
      'a b@example.com',
    ],
    ...[
      'a@example.123',
      'a@b@example.com',
      `${'x'.repeat(65)}@example.com`,
      `a@${'x'.repeat(64)}.com`,
      'a@x\ud800y.com',
    ],
    ...[5, true, { a: 1 }, ['a@example.com']],
  ])('%j is none', (email) => {
    expect(parse(email)).toThrow(notAnEmail);
  });

  it('over 255 characters is told by the limit', () => {
    expect(parse(`a@${'x'.repeat(60)}.${'y'.repeat(200)}.com`)).toThrow(
      'email must be at most 255 characters long',
    );
  });
});
