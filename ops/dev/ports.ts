/** TCP ports on this machine: whether one is free, and one that is. */
import { createServer, type Server } from 'node:net';
import { codeOf, EXIT, StartFailure } from './start-failure.ts';

/** A port that was free a moment ago; whoever binds it must be ready to lose the race and ask again. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = await listen(host, 0);
  const address = server.address();
  await close(server);
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

/** Throws a StartFailure that names the port and the way round it. */
export async function assertPortFree(host: string, port: number): Promise<void> {
  try {
    await close(await listen(host, port));
  } catch (thrown) {
    throw new StartFailure(EXIT.portInUse, messageFor(codeOf(thrown), host, port), { cause: thrown });
  }
}

function messageFor(code: string, host: string, port: number): string {
  const other = `Choose another: npm start -- --port ${port + 1}, or PORT=${port + 1} npm start.`;
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is in use by another program. ${other}`;
  if (code === 'EACCES') return `Port ${port} on ${host} may not be opened by this user. ${other}`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `This machine has no address ${host}. Set HOST to one that it has, such as 127.0.0.1.`;
  }
  return `Port ${port} on ${host} can't be opened (${code}). ${other}`;
}

function listen(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
