import { expect, test } from 'vitest';
import { parseAnswer } from './http-caller.ts';

test('an answer is whole when its length or its last chunk has come', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
  expect(parseAnswer('HTTP/1.1 200 OK\r\nCon')).toBeNull();
  expect(parseAnswer(`${head}hel`)).toBeNull();
  expect(parseAnswer(`${head}hello`)).toEqual({ status: 200, text: 'hello' });

  const chunked = 'HTTP/1.1 409 Conflict\r\ntransfer-encoding: chunked\r\n\r\n';
  expect(parseAnswer(`${chunked}2\r\nhi\r\n`)).toBeNull();
  expect(parseAnswer(`${chunked}2\r\nhi\r\n0\r\n\r\n`)?.status).toBe(409);
});

test('an answer without a body is whole with its head', () => {
  expect(parseAnswer('HTTP/1.1 204 No Content\r\n\r\n')).toEqual({ status: 204, text: '' });
});
