import { parseResponse } from '../load/response.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';

test('an answer of known length ends with its last byte', () => {
  const whole = `${HEAD}Content-Length: 5\r\n\r\nhello`;
  for (let length = 0; length < whole.length; length += 1)
    expect(parseResponse(whole.slice(0, length))).toBeUndefined();
  expect(parseResponse(whole)).toEqual({ status: 200, closes: false });
});

test('a chunked answer ends with its empty chunk, wherever it is cut', () => {
  const whole = `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n`;
  for (let length = 0; length < whole.length; length += 1)
    expect(parseResponse(whole.slice(0, length))).toBeUndefined();
  expect(parseResponse(whole)).toEqual({ status: 200, closes: false });
});

test('an answer of no stated length ends when the server closes', () => {
  const part = `${HEAD}\r\nhello`;
  expect(parseResponse(part)).toBeUndefined();
  expect(parseResponse(part, true)).toEqual({ status: 200, closes: true });
});

test('an answer that is cut off by the end of the connection is none', () => {
  expect(parseResponse(`${HEAD}Content-Length: 5\r\n\r\nhel`, true)).toBeUndefined();
});

test('a server that will close says so', () => {
  const text = 'HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
  expect(parseResponse(text)).toEqual({ status: 503, closes: true });
});

test('what is no HTTP is refused', () => {
  expect(() => parseResponse('SSH-2.0-OpenSSH\r\n\r\n')).toThrow('Not HTTP/1.1');
});
