/** Writing at dotted paths. Nothing is changed in place: what is not on the way to a path stays the same object. Pure. */
import type { ContextWrite } from '#protocols/context.ts';
import { formatPath, listPlace, partsOf, valueAt } from '#protocols/dotted-path.ts';
import type { Failure } from '#protocols/failure.ts';
import { faultsOfJson, isJsonObject, type JsonObject, ownValue } from '#protocols/json-value.ts';

export type Written = { readonly data: JsonObject } | { readonly failure: Failure };

/** All of the data first, then what goes, then what is put. One that cannot be done, and nothing is. */
export function applyWrite(
  before: JsonObject,
  write: Pick<ContextWrite, 'data' | 'set'> & { readonly unset: readonly string[] },
): Written {
  let data = write.data ?? before;
  for (const path of write.unset) {
    const written = deleteAt(data, path);
    if ('failure' in written) return written;
    data = written.data;
  }
  for (const [path, value] of Object.entries(write.set)) {
    const written = putAt(data, path, value);
    if ('failure' in written) return written;
    data = written.data;
  }
  // What is put may be sound and still be too deep where it is put.
  const errors = faultsOfJson(data);
  return errors.length === 0
    ? { data }
    : { failure: { code: 'VALIDATION_FAILED', detail: 'the data would not be sound', errors } };
}

/** Puts a value; objects that are missing on the way are made, and the place after a list's last makes it longer. */
export function putAt(data: JsonObject, path: string, value: unknown): Written {
  const parts = partsOf(path);
  const obstacle = obstacleOn(data, parts);
  if (obstacle) return notThere(path, obstacle);
  return { data: changed(data, parts, (parent, last) => put(parent, last, value)) };
}

/** Takes a value away; from a list, what follows moves up. There must be one. */
export function deleteAt(data: JsonObject, path: string): Written {
  const parts = partsOf(path);
  if (valueAt(data, parts) === undefined) {
    return { failure: { code: 'NOT_FOUND', detail: `there is nothing at ${path}` } };
  }
  return { data: changed(data, parts, remove) };
}

function notThere(path: string, message: string): Written {
  const errors = [{ path, message }];
  return { failure: { code: 'VALIDATION_FAILED', detail: `nothing can be put at ${path}`, errors } };
}

/** Why nothing can be put at a path, or null. */
function obstacleOn(data: JsonObject, parts: readonly string[]): string | null {
  let node: unknown = data;
  for (const [at, part] of parts.entries()) {
    if (node === undefined) return null;
    const here = formatPath(parts.slice(0, at));
    if (Array.isArray(node)) {
      const place = listPlace(part);
      if (place === null || place > node.length) return `${here} is a list of ${node.length}`;
      node = node[place];
    } else if (isJsonObject(node)) {
      node = ownValue(node, part);
    } else {
      return `${here} is neither an object nor a list`;
    }
  }
  return null;
}

type Node = JsonObject | readonly unknown[];

/** A copy of the nodes on the way, with `change` made to the last of them. */
function changed(
  data: JsonObject,
  parts: readonly string[],
  change: (parent: Node, last: string) => Node,
): JsonObject {
  const visit = (node: Node, at: number): Node => {
    const part = parts[at] ?? '';
    if (at === parts.length - 1) return change(node, part);
    const next = valueAt(node, [part]);
    return put(node, part, visit(isNode(next) ? next : {}, at + 1));
  };
  return visit(data, 0) as JsonObject; // An object's copy is an object.
}

function isNode(value: unknown): value is Node {
  return Array.isArray(value) || isJsonObject(value);
}

function put(node: Node, part: string, value: unknown): Node {
  if (!Array.isArray(node)) return { ...node, [part]: value };
  const place = Number(part);
  return [...node.slice(0, place), value, ...node.slice(place + 1)];
}

function remove(node: Node, part: string): Node {
  if (Array.isArray(node)) return node.filter((_, place) => place !== Number(part));
  return Object.fromEntries(Object.entries(node).filter(([key]) => key !== part));
}
