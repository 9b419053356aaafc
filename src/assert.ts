/** Marks a `switch` as exhaustive: a new union member makes the call fail to compile. */
export function assertNever(value: never, where: string): never {
  throw new Error(`internal: unexpected ${JSON.stringify(value)} in ${where}`);
}

/** Narrows away `undefined` where the program's own invariants guarantee a value. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`internal: missing ${what}`);
  return value;
}
