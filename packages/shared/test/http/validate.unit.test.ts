// Requests parsed at the border: nothing coerced, the demo's words kept.
import { z } from 'zod';
import { idField, parseRequest, requiredField } from '@orderflow/shared/http/validate.ts';

const schema = z.object({
  email: requiredField('email', 'body', z.string('email must be a text')),
  userId: idField('userId', 'query'),
});

function refusalOf(input: unknown): string {
  try {
    parseRequest(schema, input);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('a field that must be there', () => {
  it.each([
    ['absent', {}],
    ['null', { email: null }],
    ['empty', { email: '' }],
    ['zero', { email: 0 }],
    ['false', { email: false }],
  ])('is missed when it is %s', (_case, input) => {
    expect(refusalOf(input)).toBe('email field is missing from body params');
  });

  it.each([undefined, null, 'text', 7, [{ email: 'x' }]])(
    'is missed when the body is %j',
    (input) => {
      expect(refusalOf(input)).toBe('email field is missing from body params');
    },
  );

  it('is judged by its own schema when it is there', () => {
    expect(refusalOf({ email: 7 })).toBe('email must be a text');
  });
});

describe('an id', () => {
  const idOf = (userId: unknown) => parseRequest(schema, { email: 'x', userId }).userId;

  it.each([
    [7, 7],
    ['7', 7],
    ['007', 7],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [String(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
  ])('may be %j', (given, expected) => {
    expect(idOf(given)).toBe(expected);
  });

  it.each([
    ['3abc'],
    [{ a: 1 }],
    [[3]],
    [true],
    [-1],
    [1.5],
    ['1.0'],
    ['1e3'],
    ['0x10'],
    [' 3'],
    ['+3'],
    ['0'],
    ['９'],
    [2 ** 53],
    ['9007199254740992'],
    ['9'.repeat(400)],
  ])('may not be %j', (given) => {
    expect(() => idOf(given)).toThrow('userId must be a whole number from 1 to 9007199254740991');
  });

  it('that is 0 counts as missing, as in the demo', () => {
    expect(() => idOf(0)).toThrow('userId field is missing from query params');
  });
});
