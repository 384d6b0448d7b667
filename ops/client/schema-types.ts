/** JSON schemas, as zod writes them, as TypeScript types. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema | false;
  readonly prefixItems?: readonly Schema[];
  readonly description?: string;
}

/** `export interface Name { … }`, or a type where the shape is no plain object. */
export function declare(name: string, schema: Schema): string {
  const comment = docOf(schema.description, '');
  const type = typeOf(schema, '');
  return schema.type === 'object' && type.startsWith('{\n')
    ? `${comment}export interface ${name} ${type}\n`
    : `${comment}export type ${name} = ${type};\n`;
}

/** The type's text; `indent` is that of the line on which it begins. */
export function typeOf(schema: Schema, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? 'unknown';
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return unionOf(schema.enum.map((value) => JSON.stringify(value)));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return unionOf(choices.map((choice) => typeOf(choice, indent)));
  if (schema.allOf) return schema.allOf.map((part) => `(${typeOf(part, indent)})`).join(' & ');
  const types = [schema.type ?? []].flat();
  return types.length === 0
    ? 'unknown'
    : unionOf(types.map((type) => plainType({ ...schema, type }, indent)));
}

function plainType(schema: Schema, indent: string): string {
  switch (schema.type) {
    case 'object':
      return objectType(schema, indent);
    case 'array':
      return arrayType(schema, indent);
    case 'integer':
      return 'number';
    case 'string':
      return schema.format === 'binary' ? 'Uint8Array' : 'string';
    default:
      return String(schema.type);
  }
}

function objectType(schema: Schema, indent: string): string {
  const { properties = {}, required = [], propertyNames, additionalProperties } = schema;
  const names = Object.keys(properties);
  if (names.length > 0) {
    const rest = typeof additionalProperties === 'object' ? `${indent}  [name: string]: unknown;\n` : '';
    return `{\n${fieldsOf(schema, `${indent}  `)}${rest}${indent}}`;
  }
  if (typeof additionalProperties !== 'object') {
    return additionalProperties === false ? 'Record<string, never>' : 'Record<string, unknown>';
  }
  const keys = propertyNames?.enum ? typeOf(propertyNames, indent) : 'string';
  const isWhole = (propertyNames?.enum ?? []).every((key) => required.includes(String(key)));
  const record = `Record<${keys}, ${typeOf(additionalProperties, indent)}>`;
  return isWhole ? record : `Partial<${record}>`;
}

function fieldsOf({ properties = {}, required = [] }: Schema, indent: string): string {
  return Object.entries(properties)
    .map(([name, schema]) => {
      const mark = required.includes(name) ? '' : '?';
      const comment = docOf(schema.description, indent);
      return `${comment}${indent}${keyOf(name)}${mark}: ${typeOf(schema, indent)};\n`;
    })
    .join('');
}

function arrayType({ items, prefixItems }: Schema, indent: string): string {
  if (prefixItems) {
    const rest = items ? [`...${elementType(items, indent)}[]`] : [];
    return `[${[...prefixItems.map((item) => typeOf(item, indent)), ...rest].join(', ')}]`;
  }
  return `${elementType(items || {}, indent)}[]`;
}

/** The type of an element, in brackets where it is more than one word. */
function elementType(schema: Schema, indent: string): string {
  const isUnion = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? schema.enum ?? Array.isArray(schema.type);
  return isUnion ? `(${typeOf(schema, indent)})` : typeOf(schema, indent);
}

function unionOf(types: readonly string[]): string {
  const all = [...new Set(types)];
  // Whatever else there may be, it is one of `unknown`.
  return all.includes('unknown') ? 'unknown' : all.join(' | ');
}

export function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

export function docOf(text: string | undefined, indent: string): string {
  return text ? `${indent}/** ${text.replaceAll('*/', '*∕')} */\n` : '';
}
