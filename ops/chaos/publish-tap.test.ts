import { expect, test } from 'vitest';
import { PublishTap } from './publish-tap.ts';

const PUBLICATION = Buffer.from(
  'PING\r\nHPUB mbx.7 inbox.1 40 90\r\nNATS/1.0\r\nNats-Msg-Id: e.1\r\n\r\n{}\r\n',
);

test('a publication is cut inside or behind its end, once each time that it is told', () => {
  const publications = new PublishTap();
  const tap = publications.tap();

  expect(tap(PUBLICATION)).toBeNull();
  publications.arm('inside');
  expect(tap(PUBLICATION)).toBe('PING\r\nHPUB mbx.'.length);
  expect(tap(PUBLICATION)).toBeNull();
  publications.arm('behind');
  expect(tap(PUBLICATION)).toBe(PUBLICATION.length);
  expect(publications.cuts).toBe(2);
});

test('what is no publication into a mailbox passes', () => {
  const publications = new PublishTap();
  publications.arm('inside');

  expect(publications.tap()(Buffer.from('PUB oio.node.heartbeat 2\r\n{}\r\n'))).toBeNull();
});
