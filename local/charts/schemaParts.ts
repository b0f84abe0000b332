// The smallest pieces of the values' schemas: JSON Schema, draft 7, which every Helm 3 and 4 knows.

/** A piece of a schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** An object with these keys and no others: a misspelt key is named instead of ignored. */
export function only(description: string, properties: Readonly<Record<string, Schema>>): Schema {
  return { description, type: 'object', additionalProperties: false, properties };
}

/** Passed on to Kubernetes as it is, which checks it. */
export function passedOn(type: 'object' | 'array', description: string): Schema {
  return { description, type };
}

/** `true` or `false`. */
export function flag(description: string): Schema {
  return { description, type: 'boolean' };
}

/** One of these words. */
export function oneOf(description: string, words: readonly string[]): Schema {
  return { description, enum: words };
}

/** A text that matches `pattern`. */
export function text(description: string, pattern?: string): Schema {
  return { description, type: 'string', ...(pattern === undefined ? {} : { pattern }) };
}

/** A whole number from `minimum` to `maximum`. */
export function whole(description: string, minimum: number, maximum: number): Schema {
  return { description, type: 'integer', minimum, maximum };
}

/** A whole number as a setting: a number, or its digits as a text (`--set-string`). */
export function wholeSetting(description: string, minimum: number, maximum: number): Schema {
  return {
    description,
    type: ['integer', 'string'],
    minimum,
    maximum,
    pattern: '^[0-9]{1,9}$',
  };
}

const NAME = '[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?';

/** The name of a Secret or another object that must be there. */
export function objectName(description: string): Schema {
  return text(description, `^${NAME}$`);
}

/** The same, or nothing. */
export function optionalName(description: string): Schema {
  return text(description, `^(${NAME})?$`);
}

/** A key in a Secret or ConfigMap. */
export function dataKey(description: string): Schema {
  return text(description, '^[-._a-zA-Z0-9]{1,253}$');
}
