// What inventory's routes take, and what they say about the rest.
import { parseRequest } from '@orderflow/shared/http/validate.ts';
import { addProductBody } from '../src/http/schemas.ts';

const wholeNumber = 'count of inventory must be a whole number from 1 to 1000000000';
const text = 'name must be a text of at most 255 characters';
const parse = (body: unknown) => () => parseRequest(addProductBody, body);

describe('the body of POST /inventory', () => {
  it.each([
    [
      { name: 'camera', count: 3 },
      { name: 'camera', count: 3 },
    ],
    [
      { name: 'camera', count: '3', colour: 'red' },
      { name: 'camera', count: 3 },
    ],
    [
      { name: 7, count: 1_000_000_000 },
      { name: '7', count: 1_000_000_000 },
    ],
    [
      { name: 'half \ud800', count: 1 },
      { name: 'half \ufffd', count: 1 },
    ],
  ])('%j is taken', (body, expected) => {
    expect(parse(body)()).toEqual(expected);
  });

  it.each([
    [undefined, 'name field is missing from body params'],
    [{ name: '', count: 0 }, 'name field is missing from body params'],
    [{ name: 'x' }, 'count field is missing from body params'],
    [{ name: 'x', count: null }, 'count field is missing from body params'],
    [{ name: 'x', count: '' }, 'count field is missing from body params'],
    [{ name: 'x', count: 0 }, 'count of inventory must be greater than 0'],
    [{ name: 'x', count: '0' }, 'count of inventory must be greater than 0'],
    [{ name: 'x', count: -1 }, wholeNumber],
    [{ name: 'x', count: 1.5 }, wholeNumber],
    [{ name: 'x', count: '3abc' }, wholeNumber],
    [{ name: 'x', count: [3] }, wholeNumber],
    [{ name: 'x', count: true }, wholeNumber],
    [{ name: 'x', count: 1_000_000_001 }, wholeNumber],
    [{ name: 'x'.repeat(256), count: 1 }, text],
    [{ name: { a: 1 }, count: 1 }, text],
  ])('%j is refused', (body, message) => {
    expect(parse(body)).toThrow(message);
  });
});
