import { error, warning } from './rule.ts';

/** A misspelt name and the known one it most likely means. */
export interface Near {
  readonly name: string;
  readonly known?: string | undefined;
}
const mean = (p: { readonly known?: string | undefined }, other?: string): string | undefined =>
  p.known === undefined ? other : `did you mean \`${p.known}\`?`;
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Names, functions, imports, calls. */
export const NAMES = {
  'name-unknown': error<Near & { readonly call: boolean; readonly indexed?: boolean }>(
    (p) => `unknown name \`${p.name}\``,
    (p) =>
      p.call
        ? `\`${p.name}\` is a function: write \`${p.name}(…)\``
        : mean(
            p,
            p.indexed === true
              ? 'tensors are parameters and results, or are introduced by `let`'
              : 'an index stands on the left side, or is bound by a reducer: `sum[k](…)`',
          ),
  ),
  'name-later': error<{ name: string }>(
    (p) => `\`${p.name}\` is read before it is defined`,
    'move the definition up: statements are in order',
  ),
  'name-loop': error<{ name: string }>(
    (p) => `\`${p.name}\` belongs to the loop above`,
    'what lasts beyond a step is a `state` or a result',
  ),
  'name-taken': error<{ name: string; what: string }>(
    (p) => `\`${p.name}\` is taken: ${p.what} needs a name of its own`,
    'names are never shadowed: choose another',
  ),
  'name-builtin': error<{ name: string }>(
    (p) => `\`${p.name}\` is a word of the language`,
    (p) => `choose another name, such as \`${p.name}_\``,
  ),
  'name-unused': warning<{ name: string; what: string }>((p) => `${p.what} \`${p.name}\` is never used`, 'remove it'),
  'import-missing': error<{ from: string }>(
    (p) => `cannot find "${p.from}"`,
    'the path is relative to the file that imports',
  ),
  'import-cycle': error<{ files: readonly string[] }>(
    (p) => `files import each other: ${p.files.join(' → ')}`,
    'move what both need into a file of its own',
  ),
  'import-name': error<Near & { readonly from: string }>(
    (p) => `"${p.from}" declares no \`${p.name}\``,
    (p) => mean(p, 'only what a file declares itself can be imported'),
  ),
  'fn-name': error<Near>(
    (p) => `\`${p.name}\` is not visible in a \`fn\``,
    (p) => mean(p, 'a `fn` sees its parameters and lets only: pass the value as an argument'),
  ),
  'fn-pure': error<{ what: string }>(
    (p) => `${p.what} in a \`fn\``,
    'functions are scalar: reduce or measure where the function is called',
  ),
  'fn-recursive': error<{ names: readonly string[] }>(
    (p) => `functions call each other for ever: ${p.names.join(' → ')}`,
    'functions are inlined; write the loop as a reduction or a `state`',
  ),
  'call-unknown': error<Near>(
    (p) => `unknown function \`${p.name}\``,
    (p) => mean(p),
  ),
  'call-count': error<{ name: string; least: number; most: number; found: number }>(
    (p) =>
      `\`${p.name}\` takes ${p.least === p.most ? count(p.most, 'argument') : `${p.least} to ${p.most} arguments`}, not ${p.found}`,
  ),
  'call-named': error<{ name: string; argument: string }>(
    (p) => `\`${p.name}\` has no argument \`${p.argument}\` left to set`,
    'name each parameter at most once, or pass arguments by position',
  ),
  'call-missing': error<{ name: string; param: string }>(
    (p) => `the call of \`${p.name}\` lacks \`${p.param}\``,
    (p) => `add \`${p.param} = …\``,
  ),
  'call-type': error<{ name: string }>((p) => `\`${p.name}\` takes no type`, 'only reducers and `bitcast` do'),
  'call-clamp': error(
    () => '`clamp` in an argument',
    'it stands before an index, `x[clamp i]`, or before a row of `len` and `base`; values take `clip(x, lo, hi)`',
  ),
  'call-argument': error<{ name: string; wanted: string; found: string }>(
    (p) => `\`${p.name}\` takes ${p.wanted}, not ${p.found}`,
    (p) => (p.wanted === 'a float' ? 'convert it: `(… as f32)`' : undefined),
  ),
  'call-operator': error<{ name: string }>(
    (p) => `operator \`${p.name}\` is called inside an expression`,
    (p) => `give it a statement of its own: \`let t[…] = ${p.name}(…);\``,
  ),
  'call-recursive': error<{ name: string }>(
    (p) => `operator \`${p.name}\` calls itself`,
    'operators are expanded where they are called; use `state` for recurrences',
  ),
  'call-kind': error<{ name: string }>(
    (p) => `operator \`${p.name}\` cannot be called`,
    'an operator with `inout` parameters, ragged results, lists or rows of its own stands alone',
  ),
  'call-tensor': error<{ name: string; param: string }>(
    (p) => `\`${p.name}\` takes a whole tensor as \`${p.param}\``,
    'name a tensor without indices; give an expression a `let` first',
  ),
  'call-const': error<{ name: string; param: string; fixed: boolean }>(
    (p) => `\`${p.param}\` of \`${p.name}\` is ${p.fixed ? 'const' : 'a size'} and cannot take this value`,
    (p) =>
      p.fixed
        ? 'pass literals and `const` parameters'
        : 'sizes do not depend on data: pass dims, parameters and literals',
  ),
  'call-types': error<{ name: string; param: string; choices: readonly string[]; found?: string }>(
    (p) =>
      p.found === undefined
        ? `nothing tells the type parameter \`${p.param}\` of \`${p.name}\``
        : `\`${p.name}\` is not declared for \`${p.param} = ${p.found}\``,
    (p) => `it is declared for ${p.choices.join(', ')}`,
  ),
  'call-shape': error<{ name: string; param: string; found: string; wanted: string }>(
    (p) => `argument \`${p.param}\` of \`${p.name}\` has ${p.found} where ${p.wanted} is needed`,
    'if the sizes are equal, say so: `where N == M` on the operator',
  ),
  'call-results': error<{ name: string; wanted: number; found: number }>(
    (p) => `\`${p.name}\` yields ${count(p.wanted, 'result')}, not ${p.found}`,
    (p) => (p.wanted > 1 ? 'write `let a[…], b[…] = …;`, one target for each' : undefined),
  ),
  'call-result-shape': error<{ name: string; wanted: string; found: string }>(
    (p) => `\`${p.name}\` has the shape [${p.wanted}], the call yields [${p.found}]`,
  ),
  'call-index': error(() => 'the result of an operator call is taken whole', 'index it by plain new names'),
  'call-where': error<{ name: string }>(
    (p) => `a \`where\` on the call of \`${p.name}\``,
    'calls have no domain: restrict the reads of the result',
  ),
} as const;
