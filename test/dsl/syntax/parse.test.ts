import { describe, expect, it } from 'vitest';
import { hasErrors } from '../../../src/diagnostics/diagnostic.ts';
import type { Expr, OpDecl } from '../../../src/dsl/ast.ts';
import { parse } from '../../../src/dsl/parse.ts';
import { printExpr } from '../../../src/dsl/print.ts';
import { must } from '../../../src/assert.ts';
import { constructsText, examplesText, languageText } from '../../fixtures/programs.ts';

function opOf(text: string): OpDecl {
  const { module, diagnostics } = parse(text, 'a.ktune');
  expect(diagnostics).toEqual([]);
  const item = must(module.items[0], 'operator');
  if (item.kind !== 'op') throw new Error('no operator');
  return item;
}
/** The expression on the right of `let a = …`. */
function exprOf(text: string): Expr {
  const stmt = opOf(`op f(x: f32) -> () { let a = ${text}; }`).body[0];
  if (stmt?.kind !== 'define' || stmt.rhs.kind !== 'expr') throw new Error('no definition');
  return stmt.rhs.expr;
}
/** An expression with every grouping written out. */
function grouped(e: Expr): string {
  if (e.kind === 'binary') return `(${grouped(e.left)} ${e.op} ${grouped(e.right)})`;
  if (e.kind === 'unary') return `(${e.op}${grouped(e.operand)})`;
  if (e.kind === 'cast') return `(${grouped(e.operand)} ${e.mode} ${e.to.name})`;
  return e.kind === 'paren' ? grouped(e.operand) : printExpr(e);
}

describe('precedence', () => {
  it.each([
    ['a + b * c - d', '((a + (b * c)) - d)'],
    ['a - b - c', '((a - b) - c)'],
    ['a // b * c % d / e', '((((a // b) * c) % d) / e)'],
    ['-x as f16 * y', '(((-x) as f16) * y)'],
    ['a as f16 near T as u8', '(((a as f16) near T) as u8)'],
    ['a || b && c == d & e << f + g', '(a || (b && (c == (d & (e << (f + g))))))'],
    ['a << b >> c', '((a << b) >> c)'],
    ['!a && ~b == -1', '((!a) && ((~b) == (-1)))'],
    ['a < b + c', '(a < (b + c))'],
  ])('%s', (text, expected) => {
    expect(grouped(exprOf(text))).toBe(expected);
  });
});

describe('literals', () => {
  it.each([
    ['12', { kind: 'int', value: 12n, hex: false }],
    ['0x9ddfea08eb382d69', { kind: 'int', value: 0x9ddfea08eb382d69n, hex: true }],
    ['18446744073709551616', { kind: 'int', value: 1n << 64n }],
    ['1.5', { kind: 'float', value: 1.5 }],
    ['1e-5', { kind: 'float', value: 1e-5, text: '1e-5' }],
    ['5.9604644775390625e-8', { kind: 'float', value: 2 ** -24 }],
    ['inf', { kind: 'const', name: 'inf' }],
  ])('%s', (text, expected) => {
    expect(exprOf(text)).toMatchObject(expected);
  });

  it('a range of integers is no float', () => {
    expect(exprOf('sum[i in 1..8](x)')).toMatchObject({
      binders: [{ domain: { kind: 'range', lo: { value: 1n }, hi: { value: 8n } } }],
    });
  });
});

describe('calls, comparisons and reductions', () => {
  it('`<` opens a type argument only before `type>(`', () => {
    expect(exprOf('bitcast<u32>(y)')).toMatchObject({ kind: 'call', type: { name: 'u32' } });
    expect(exprOf('a < b')).toMatchObject({ kind: 'binary', op: '<' });
    expect(exprOf('(a < b) > (c)')).toMatchObject({ kind: 'binary', op: '>' });
  });
  it('reducers reduce with brackets and are called without', () => {
    expect(exprOf('max[i](x)')).toMatchObject({ kind: 'reduce', reducer: 'max' });
    expect(exprOf('max(a, b)')).toMatchObject({ kind: 'call', callee: { name: 'max' } });
    expect(exprOf('sum<f64>[i, j in 0..3 where i < j](x)')).toMatchObject({
      kind: 'reduce',
      type: { name: 'f64' },
      binders: [{}, { domain: { kind: 'range' } }],
      where: {},
    });
  });
  it('a guard stands in parentheses, an argument or a body', () => {
    expect(exprOf('(x[i] ?? 0)')).toMatchObject({ kind: 'guard' });
    expect(exprOf('abs(x[i] ?? 0)')).toMatchObject({ args: [{ other: {} }] });
    expect(exprOf('sum[i](x[i] ?? 0)')).toMatchObject({ args: [{ other: {} }] });
  });
  it('a policy covers the index behind it', () => {
    expect(exprOf('x[clamp a + 1, unchecked (b, c), d]')).toMatchObject({
      index: [
        { policy: 'clamp', expr: { op: '+' } },
        { policy: 'unchecked', expr: { kind: 'tuple' } },
        { policy: 'none' },
      ],
    });
  });
});

describe('declarations', () => {
  it('documentation is the `##` lines before, through other comments', () => {
    const { module } = parse('## one\n# aside\n##   two\n\nop f(x: f32) -> () {}\n## three\nfn g() = 1;', 'a');
    expect(module.items).toMatchObject([{ doc: 'one\n  two' }, { doc: 'three' }]);
  });
  it('blocks open behind facts and loops', () => {
    const op = opOf('op f(x: f32[N]) -> () where N == M { state s = x[0]; for t in 0..N { s = s; } }');
    expect(op).toMatchObject({
      where: [{ op: '==' }],
      body: [{ kind: 'recur', domain: { kind: 'range' }, body: [{}] }],
    });
  });
  it('contextual words are names', () => {
    const op = opOf(
      'op f(state: f32, row: f32[dim]) -> (init: f32) { state = state; let drop[add] = pairs; init = row[from]; }',
    );
    expect(op.body).toMatchObject([{ targets: [{ name: { name: 'state' } }] }, { isLet: true }, {}]);
  });
  it('errors in one declaration leave the others', () => {
    const { module, diagnostics } = parse(
      'op a(x: f32) -> (y: f32) { y = ; } op b(x: f32) -> (y: f32) { y = x; } fn c(x) = ;',
      'a',
    );
    expect(diagnostics).toHaveLength(2);
    expect(module.items.map((i) => i.kind !== 'import' && i.name.name)).toEqual(['b']);
  });
});

describe('spans', () => {
  /** Every node with a span and the text it covers. */
  function* nodes(node: unknown): Generator<{ readonly node: object; readonly start: number; readonly end: number }> {
    if (typeof node !== 'object' || node === null) return;
    if (
      'span' in node &&
      typeof node.span === 'object' &&
      node.span !== null &&
      'start' in node.span &&
      'end' in node.span
    ) {
      yield { node, start: Number(node.span.start), end: Number(node.span.end) };
    }
    for (const [key, child] of Object.entries(node)) if (key !== 'span') yield* nodes(child);
  }

  it.each([
    ['examples', examplesText],
    ['language', languageText],
    ['constructs', constructsText],
  ])('of %s are exact', (_, text) => {
    const { module, diagnostics } = parse(text, 'a');
    expect(hasErrors(diagnostics)).toBe(false);
    let names = 0;
    for (const { node, start, end } of nodes(module.items)) {
      const covered = text.slice(start, end);
      // No node begins or ends with a blank or within a comment, and names are what they cover.
      expect(covered).toBe(covered.trim());
      expect(covered).not.toMatch(/^#/);
      if ('name' in node && typeof node.name === 'string' && !('kind' in node)) {
        expect(covered).toBe(node.name);
        names++;
      }
    }
    expect(names).toBeGreaterThan(100);
  });
});

describe('size', () => {
  const nested = (open: string, close: string, n: number): string =>
    `op f(x: f32) -> (y: f32) { y = ${open.repeat(n)}x${close.repeat(n)}; }`;
  it.each([
    ['(', ')'],
    ['x[', ']'],
    ['f(', ')'],
    ['sum[i](', ')'],
    ['if a then b else ', ''],
    ['', ' + x'],
    ['', ' as f32'],
    ['(x + ', ')'],
  ])('%s … %s deeper than any stack is an error', (open, close) => {
    expect(parse(nested(open, close, 10_000), 'a').diagnostics.map((d) => d.code)).toEqual(['syntax-deep']);
    expect(parse(nested(open, close, 60), 'a').diagnostics).toEqual([]);
  });
  it('a megabyte parses', () => {
    const many = `${examplesText}\n`.repeat(Math.floor(1_000_000 / (examplesText.length + 1)));
    expect(parse(many, 'a').diagnostics).toEqual([]);
  });
});
