import { expect, test } from 'vitest';
import { AGENTS_HEARD_MAX, ClusterNews, HANDED_OVER_MAX } from './cluster-news.ts';

const said = (id: string, partitions: number[], leaving = false) => ({ id, partitions, leaving });

test('who is heard to have what at first has not just got it; what moves after that is told, newest first', () => {
  const news = new ClusterNews(0);

  news.hearNode(said('one', [1, 2, 3]), 100);
  news.hearNode(said('one', [1]), 5_000);
  news.hearNode(said('two', [2]), 5_100);
  news.hearNode(said('two', [2, 3]), 5_300);

  expect(news.news(6_000)).toMatchObject({
    sinceMs: 0,
    handedOver: [
      { atMs: 5_300, partition: 3, from: 'one', to: 'two' },
      { atMs: 5_100, partition: 2, from: 'one', to: 'two' },
    ],
  });
});

test('two nodes that list the same partition for a while make one hand-over', () => {
  const news = new ClusterNews(0);
  news.hearNode(said('one', [1]), 100);

  for (let beat = 0; beat < 10; beat++) {
    news.hearNode(said('two', [1]), 5_000 + 200 * beat);
    news.hearNode(said('one', [1]), 5_100 + 200 * beat);
  }

  expect(news.news(9_000).handedOver).toEqual([{ atMs: 5_000, partition: 1, from: 'one', to: 'two' }]);
});

test('a partition that nobody was heard to have is told as taken from nobody', () => {
  const news = new ClusterNews(0);

  news.hearNode(said('one', [7]), 60_000);

  expect(news.news(60_000).handedOver).toEqual([{ atMs: 60_000, partition: 7, from: null, to: 'one' }]);
});

test('a node that left and comes back with what it had makes no hand-over', () => {
  const news = new ClusterNews(0);

  news.hearNode(said('one', [1]), 100);
  news.hearNode(said('one', [], true), 5_000);
  news.hearNode(said('one', [1]), 6_000);

  expect(news.news(6_000).handedOver).toEqual([]);
});

test('loads are those of all nodes, the fullest actor first, and are forgotten when nothing more is told', () => {
  const news = new ClusterNews(0);
  news.hearLoad(
    {
      node: 'one',
      partitions: [{ id: 1, lag: 300, oldestMs: 10 }],
      actors: [{ to: 'session/dev/a', waiting: 4 }],
    },
    1_000,
  );
  news.hearLoad({ node: 'two', partitions: [], actors: [{ to: 'session/dev/b', waiting: 9 }] }, 1_000);

  expect(news.news(2_000).behind).toEqual([{ id: 1, lag: 300, oldestMs: 10 }]);
  expect(news.news(2_000).fullest.map(({ to }) => to)).toEqual(['session/dev/b', 'session/dev/a']);
  expect(news.news(4_000)).toMatchObject({ behind: [], fullest: [] });
});

test('an agent was last heard when its last heartbeat came, each tenant for itself', () => {
  const news = new ClusterNews(0);
  news.hearAgent('dev', { agent: 'agent-ada', running: 2 }, 1_000);
  news.hearAgent('other', { agent: 'agent-ada', running: 0 }, 2_000);
  news.hearAgent('dev', { agent: 'agent-ada', running: 1 }, 3_000);

  expect(news.agentsHeard('dev')).toEqual([{ agent: 'agent-ada', atMs: 3_000, running: 1 }]);
  expect(news.agentsHeard('de')).toEqual([]);
});

test('hand-overs and agents are bounded, the oldest go first', () => {
  const news = new ClusterNews(0);
  for (let at = 0; at <= HANDED_OVER_MAX; at++) news.hearNode(said(`node-${at}`, [1]), 10_000 + at);
  for (let at = 0; at <= AGENTS_HEARD_MAX; at++) news.hearAgent('dev', { agent: `a-${at}`, running: 0 }, at);

  const { handedOver } = news.news(20_000);
  expect([handedOver.length, handedOver.at(-1)?.from]).toEqual([HANDED_OVER_MAX, 'node-0']);
  const heard = news.agentsHeard('dev');
  expect([heard.length, heard[0]?.agent]).toEqual([AGENTS_HEARD_MAX, 'a-1']);
});
