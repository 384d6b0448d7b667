import { expect, test } from 'vitest';
import { findJsonFault } from './json-fault.ts';

test('a fault is told where it stands, with what should stand there', () => {
  expect(findJsonFault('{\n  "by": \n}')).toEqual({ line: 3, column: 1, wanted: 'a value' });
  expect(findJsonFault('{"a": 1,}')).toEqual({ line: 1, column: 9, wanted: 'a name in double quotes' });
  expect(findJsonFault('{"a" 1}')).toMatchObject({ column: 6, wanted: '":"' });
  expect(findJsonFault('[1 2]')).toMatchObject({ column: 4, wanted: '"," or "]"' });
  expect(findJsonFault('{} {}')).toMatchObject({ column: 4, wanted: 'nothing more' });
  expect(findJsonFault("{'a': 1}")).toMatchObject({ column: 2 });
  expect(findJsonFault('')).toEqual({ line: 1, column: 1, wanted: 'a value' });
});

test('it takes what JSON.parse takes and refuses what that refuses', () => {
  const texts = [
    '1',
    '-0.5e+3',
    '"\\u00e9\\n"',
    '[]',
    '[[],{}]',
    '{"a":{"b":[null,true,false]}}',
    ' {} ',
  ].concat(['01', '1.', '.5', '+1', '"\\x"', '"a\nb"', '[1,]', '{a:1}', 'undefined', 'NaN', '"', '{"a":1']);
  const isJson = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  expect(texts.filter((text) => (findJsonFault(text) === null) !== isJson(text))).toEqual([]);
});
