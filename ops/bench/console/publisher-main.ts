/** A publisher in a process of its own: events at the rate that it is told, 0 for none. */
import { connect } from '@nats-io/transport-node';
import { publish } from '../viewers/publish.ts';

const [natsUrl = ''] = process.argv.slice(2);
const connection = await connect({ servers: natsUrl });
let stop: () => void = () => undefined;

process.on('message', (perSecond: number) => {
  stop();
  stop = perSecond > 0 ? publish(connection, perSecond) : () => undefined;
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
