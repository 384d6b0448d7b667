/** A WebSocket with headers of its own, which Node's takes and a browser's does not. */
export function openSocket(address: URL, headers: Readonly<Record<string, string>>): WebSocket {
  return new WebSocket(address, { headers });
}
