/** A grammar in normal form: nested sequences and alternatives are flat, `x { "," x }` is spelled out. */
export type Production =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'optional' | 'many'; readonly body: Production }
  | { readonly kind: 'seq' | 'either'; readonly parts: readonly Production[] };

export const text = (value: string): Production => ({ kind: 'text', text: value });
export const rule = (name: string): Production => ({ kind: 'rule', name });
export const optional = (body: Production): Production => ({ kind: 'optional', body });
export const many = (body: Production): Production => ({ kind: 'many', body });

function flat(kind: 'seq' | 'either', parts: readonly Production[]): Production {
  const inner = parts.flatMap((p) => (p.kind === kind ? p.parts : [p]));
  const [first] = inner;
  return inner.length === 1 && first !== undefined ? first : { kind, parts: inner };
}
export const seq = (...parts: readonly Production[]): Production => flat('seq', parts);
export const either = (...parts: readonly Production[]): Production => flat('either', parts);

/** Reads the rules of an EBNF text: `name = … ;` with quotes, `[ ]`, `{ }`, `( )`, `|` and comments. */
export function readEbnf(source: string): ReadonlyMap<string, Production> {
  const tokens = source.replace(/\(\*[^]*?\*\)/g, '').match(/"[^"]*"|[A-Za-z]\w*|[=;|()[\]{}]/g) ?? [];
  let at = 0;
  const peek = (): string => tokens[at] ?? '';
  const take = (expected?: string): string => {
    const token = tokens[at++] ?? '';
    if (expected !== undefined && token !== expected)
      throw new Error(`found ${token}, expected ${expected} in ${tokens.slice(at - 8, at).join(' ')}`);
    return token;
  };
  const alternatives = (): Production => {
    const parts = [sequence()];
    while (peek() === '|') {
      take();
      parts.push(sequence());
    }
    return either(...parts);
  };
  const sequence = (): Production => {
    const parts: Production[] = [];
    while (!['|', ')', ']', '}', ';', ''].includes(peek())) parts.push(element());
    return seq(...parts);
  };
  const element = (): Production => {
    const token = take();
    if (token.startsWith('"')) return text(token.slice(1, -1));
    const close = { '(': ')', '[': ']', '{': '}' }[token];
    if (close === undefined) return rule(token);
    const body = alternatives();
    take(close);
    return token === '(' ? body : token === '[' ? optional(body) : many(body);
  };
  const rules = new Map<string, Production>();
  while (at < tokens.length) {
    const name = take();
    take('=');
    if (rules.has(name)) throw new Error(`${name} is defined twice`);
    rules.set(name, alternatives());
    take(';');
  }
  return rules;
}
