/** Which methods the path of a request has: to tell a wrong method from a wrong path. */
import type { App } from './context.ts';

export interface RouteTable {
  methodsOf(path: string): string[];
}

/** Must be called before the routes are added. */
export function collectRoutes(app: App): RouteTable {
  const methodsByTemplate = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    // The console's files are under every path; they are not what a caller with a wrong method meant.
    if (url.includes('*')) return;
    const methods = methodsByTemplate.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    methodsByTemplate.set(url, methods);
  });
  return {
    methodsOf: (path) => {
      const fitting = [...methodsByTemplate].filter(([template]) => fits(template, path));
      return [...new Set(fitting.flatMap(([, methods]) => [...methods]))].sort();
    },
  };
}

function fits(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length && wanted.every((part, at) => part.startsWith(':') || part === given[at])
  );
}
