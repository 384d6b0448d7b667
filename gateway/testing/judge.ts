/** Says of an answer whether the OpenAPI document tells of it: its status, its type, the shape of its body. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Document, Operation } from './random-requests.ts';

export interface Answer {
  readonly status: number;
  /** Media type, without its parameters. */
  readonly type: string;
  readonly body: string;
}

/** What is wrong with an answer to the operation; null: nothing. */
export type Judge = (operation: Operation, answer: Answer) => string | null;

/** Told of by no operation: what is wrong before an operation is known. */
const BEFORE_ROUTES = new Set([404, 405, 414, 431]);

export function buildJudge(document: Document): Judge {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const inside = <Part extends object>(part: Part): Part =>
    // Only texts of references changed.
    JSON.parse(JSON.stringify(part).replaceAll('"#/components/', '"api#/components/')) as Part;
  ajv.addSchema(inside({ components: document.components }), 'api');
  const validators = new Map<string, ReturnType<typeof ajv.compile>>();
  return (operation, { status, type, body }) => {
    if (status >= 500 && status !== 503 && status !== 504) return 'a defect';
    const told = operation.responses[String(status)];
    if (!told && !BEFORE_ROUTES.has(status)) return `the document does not tell of ${status}`;
    if (status >= 400 && type !== 'application/problem+json') return `a problem of type ${type}`;
    const schema = told?.content?.[type]?.schema;
    if (!schema || !type.endsWith('json') || body === '') return null;
    const key = `${operation.operationId} ${status}`;
    const validate = validators.get(key) ?? ajv.compile(inside(schema));
    validators.set(key, validate);
    return validate(JSON.parse(body)) ? null : `not of its shape: ${ajv.errorsText(validate.errors)}`;
  };
}
