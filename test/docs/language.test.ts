import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/backends/reference/evaluate.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import { elements, getAt, tensor } from '../../src/codegen/numeric/tensor.ts';
import type { Scalar, Tensor } from '../../src/codegen/numeric/tensor.ts';
import { bindShapes } from '../../src/codegen/shapes/bind-shapes.ts';
import { evalSize } from '../../src/codegen/shapes/eval-size.ts';
import { check } from '../../src/dsl/check.ts';
import { parse } from '../../src/dsl/parse.ts';
import { isInt } from '../../src/dsl/dtypes.ts';

/** A `ktune` block of the page, what its fence announces, and the `data` block behind it. */
interface Example {
  readonly line: number;
  readonly source: string;
  readonly error: string | undefined;
  readonly data: Data | undefined;
}
type Nested = number | string | readonly Nested[];
interface Data {
  readonly op?: string;
  readonly const?: Readonly<Record<string, number>>;
  readonly in: Readonly<Record<string, Nested>>;
  readonly out: Readonly<Record<string, Nested>>;
}

function examples(page: string): readonly Example[] {
  const found: Example[] = [];
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  for (const m of text.matchAll(/```ktune( error=([\w-]+))?\n([\s\S]*?)```(?:\n```data\n([\s\S]*?)```)?/g)) {
    const data = m[4]?.replaceAll('-Infinity', '"-inf"');
    found.push({
      line: text.slice(0, m.index).split('\n').length,
      source: m[3] ?? '',
      error: m[2],
      data: data === undefined ? undefined : (JSON.parse(data) as Data),
    });
  }
  return found;
}

const isList = (v: Nested): v is readonly Nested[] => Array.isArray(v);
const flat = (v: Nested): readonly number[] => (isList(v) ? v.flatMap(flat) : [v === '-inf' ? -Infinity : Number(v)]);
const shapeOf = (v: Nested): readonly number[] =>
  isList(v) ? [v.length, ...(v[0] === undefined ? [] : shapeOf(v[0]))] : [];

function run(source: string, data: Data): Readonly<Record<string, readonly number[]>> {
  const checked = check(parse(source, 'page.ktune').module);
  const op = checked.ops.find((o) => data.op === undefined || o.name === data.op)?.instances[0];
  if (op === undefined) throw new Error('no operator');
  const consts = Object.fromEntries(Object.entries(data.const ?? {}).map(([k, v]) => [k, BigInt(v)]));
  const lowered = lower(op, consts);
  if (!lowered.ok) throw new Error(lowered.refusals.map((d) => d.message).join('; '));
  const arrays: Record<string, Tensor> = {};
  const scalars: Record<string, Scalar> = {};
  for (const p of op.params) {
    const given = data.in[p.name];
    if (p.type.elem.kind !== 'scalar' || given === undefined) continue;
    const { dtype } = p.type.elem;
    const values = flat(given).map((v) => (isInt(dtype) ? BigInt(v) : v));
    if (p.mode === 'tensor' || p.mode === 'inout') arrays[p.name] = tensor(dtype, shapeOf(given), values);
    else scalars[p.name] = values[0] ?? 0;
  }
  const bound = bindShapes(op, consts, {
    arrays: Object.fromEntries(Object.entries(arrays).map(([k, t]) => [k, t.shape])),
    read: (buf, _element, index) => Number(arrays[buf]?.data[index[0] ?? 0]),
  });
  if (!bound.ok) throw new Error(bound.diagnostics.map((d) => d.message).join('; '));
  const { env, dims } = bound.shapes;
  const buffers = Object.fromEntries(
    lowered.graph.buffers.flatMap((b) => {
      const t = arrays[b.id];
      return t === undefined ? [] : [[b.id, { ...t, shape: b.shape.map((e) => evalSize(e, env) ?? 0) }]];
    }),
  );
  const result = evaluate(lowered.graph, { dims, scalars, buffers });
  if (!result.ok) throw new Error(result.problems.map((p) => p.text).join('; '));
  return Object.fromEntries(
    Object.entries(result.outputs).map(([id, [o]]) => [
      id,
      o === undefined ? [] : Array.from({ length: elements(o.tensor.shape) }, (_, i) => Number(getAt(o.tensor, i))),
    ]),
  );
}

for (const page of ['docs/language.md', 'README.md']) {
  describe(page, () => {
    const all = examples(page);
    it('has examples', () => expect(all.length).toBeGreaterThan(0));
    for (const e of all) {
      it(`line ${e.line}${e.error === undefined ? '' : ` is refused with ${e.error}`}`, () => {
        const parsed = parse(e.source, 'page.ktune');
        const codes = [...parsed.diagnostics, ...check(parsed.module).diagnostics]
          .filter((d) => d.severity === 'error')
          .map((d) => d.code);
        expect(codes).toEqual(e.error === undefined ? [] : [e.error]);
        if (e.data === undefined) return;
        const got = run(e.source, e.data);
        for (const [name, want] of Object.entries(e.data.out))
          expect({ [name]: got[name] }).toEqual({ [name]: flat(want) });
      });
    }
  });
}
