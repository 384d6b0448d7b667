import { expect, test } from 'vitest';
import { PublishTap } from './publish-tap.ts';

const PUBLICATION = Buffer.from(
  'PING\r\nHPUB mbx.7 inbox.1 40 90\r\nNATS/1.0\r\nNats-Msg-Id: e.1\r\n\r\n{}\r\n',
);

const EVENT = Buffer.from(PUBLICATION.toString().replace('mbx.7', 'evt.chaos.list.a.did'));

test('a publication is cut inside or behind its end, once each time that it is told, events by turns', () => {
  const publications = new PublishTap();
  const tap = publications.tap();

  expect(tap(PUBLICATION)).toBeNull();
  publications.arm('inside');
  expect(tap(PUBLICATION)).toBe('PING\r\nHPUB mbx.'.length);
  expect(tap(PUBLICATION)).toBeNull();
  publications.arm('behind');
  expect(tap(PUBLICATION)).toBeNull();
  expect(tap(EVENT)).toBe(EVENT.length);
  expect(publications.cuts).toBe(2);
});

test('what is no publication passes', () => {
  const publications = new PublishTap();
  publications.arm('inside');

  expect(publications.tap()(Buffer.from('PUB oio.node.heartbeat 2\r\n{}\r\n'))).toBeNull();
});
