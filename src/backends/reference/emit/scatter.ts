import type { Stage } from '../../../codegen/ir/stage.ts';
import { isFloat, isNarrow, widen } from '../../../dsl/dtypes.ts';
import { isNarrowFloat } from '../../../codegen/numeric/formats.ts';
import { inexact } from '../memory.ts';
import type { Spot } from './spot.ts';
import { storeAt } from './access.ts';
import { inRange, spot } from './spot.ts';
import { castTo, convertTo } from './cast.ts';
import type { Emitter, Val } from './code.ts';
import { bind, close, fresh, helper, num, open, unit } from './code.ts';
import { closeLoops, openLoops } from './loops.ts';
import { toNumber, toWide, wideBinary, wideCompare } from './wide.ts';
import { whole } from './accumulator.ts';

type Scatter = Extract<Stage, { kind: 'scatter' }>;

/**
 * Fills the target with `init`, then updates it point by point. Sums of floats keep, per target, the number of terms, the sum of their
 * magnitudes and that of their bounds; narrow targets are summed in f32 and rounded once.
 */
export function emitScatter(em: Emitter, s: Scatter): void {
  const m = em.around.memory(s.out.buf, 'write');
  const dtype = m.buffer.dtype;
  const type = widen(dtype);
  const init = convertTo(em, type, em.expr(em, s.init));
  const summed = em.bounds && isFloat(dtype) && (s.op === 'add' || s.op === 'mul');
  const stat = fresh(em, 't');
  const all = fresh(em, 'a');
  if (em.bounds) inexact(m);
  emitFill(em, s, init);
  em.block.lines.push(`let ${all} = false;`);
  if (summed || s.op === 'unique')
    em.block.lines.push(
      `const ${stat} = ${helper(em, 'tallies')}(${JSON.stringify(m.shapes.map((x) => x.reduce((a, b) => a * b, 1)))}, ${summed ? 3 : 1});`,
    );

  const opened = openLoops(em, s.axes, s.where);
  const at = spot(em, m, s.out);
  const tally = `${stat}[${at.list?.v ?? '0'}]`;
  const loose = [...at.index, ...(at.list === undefined ? [] : [at.list])].flatMap((i) =>
    i.e === undefined ? [] : [`${i.e} > 0`],
  );
  // An update that may go anywhere leaves every element unknown.
  if (loose.length > 0) em.block.lines.push(`if (${loose.join(' || ')}) ${all} = true;`);
  open(em, true);
  const value = convertTo(em, type, em.expr(em, s.value));
  const doubt = opened.doubt?.v;
  em.block.lines.push(...update(em, s, at, value, summed ? tally : undefined, doubt));
  if (s.op === 'unique')
    em.block.lines.push(
      `if (${tally}[${at.flat}]++ > 0) ${helper(em, 'miss')}(${em.around.site(`${em.stage} (not unique)`, m.id)}, ${at.flat});`,
    );
  const sure = doubt === undefined ? '' : `if (!${doubt}) `;
  const miss = s.drop ? '' : ` else ${sure}${helper(em, 'miss')}(${em.around.site(em.stage, m.id)}, ${at.flat});`;
  close(em, `if (${inRange(at)})`, miss);
  closeLoops(em, opened);

  if (summed) finishSums(em, s, init, stat, isNarrow(dtype) && dtype !== 'f32');
  else if (isNarrowFloat(dtype))
    eachElement(em, s, (d) => [`${d.data}[t] = ${helper(em, `round_${dtype}`)}(${d.data}[t]);`]);
  if (em.bounds)
    em.block.lines.push(
      `if (${all}) ${helper(em, 'fillAll')}(${m.list ? nameE(em, s) : `[${nameE(em, s)}]`}, Infinity);`,
    );
}
const nameE = (em: Emitter, s: Scatter): string => `${spotName(em, s)}e`;
function spotName(em: Emitter, s: Scatter): string {
  const m = em.around.memory(s.out.buf, 'write');
  for (const [name, other] of em.memories) if (other === m) return name;
  throw new Error('internal: scatter target has no name');
}

/** Runs lines for every element t of every list entry. */
function eachElement(
  em: Emitter,
  s: Scatter,
  lines: (d: { readonly data: string; readonly err: string; readonly l: string }) => readonly string[],
): void {
  const name = spotName(em, s);
  const m = em.around.memory(s.out.buf, 'write');
  const l = fresh(em, 'i');
  const data = m.list ? `${name}[${l}]` : name;
  const err = m.list ? `${name}e[${l}]` : `${name}e`;
  const sizes = JSON.stringify(m.shapes.map((x) => x.reduce((a, b) => a * b, 1)));
  em.block.lines.push(
    `for (let ${l} = 0; ${l} < ${m.shapes.length}; ${l}++) for (let t = 0, n = ${sizes}[${l}]; t < n; t++) {`,
    ...lines({ data, err, l }),
    '}',
  );
}

function emitFill(em: Emitter, s: Scatter, init: Val): void {
  const m = em.around.memory(s.out.buf, 'write');
  // Names the target even if no point is ever visited.
  spot(em, m, { index: [], ...(s.out.list === undefined ? {} : { list: { kind: 'int', type: 'i64', value: 0n } }) });
  const wide = m.layout === 'wide' && (init.rep === 'int' || init.rep === 'wide') ? toWide(em, init) : undefined;
  eachElement(em, s, ({ data, err }) => [
    wide !== undefined
      ? `${data}[2 * t] = ${wide.l}; ${data}[2 * t + 1] = ${wide.h};`
      : `${data}[t] = ${init.rep === 'bool' ? `${init.v} ? 1 : 0` : init.rep === 'wide' ? init.l : init.v};`,
    ...(em.bounds
      ? [`${err}[t] = ${init.e === undefined ? '0' : init.rep === 'bool' ? `${init.e} ? 1 : 0` : init.e};`]
      : []),
  ]);
}

/** Lines that take one value into the element at `at`. */
function update(
  em: Emitter,
  s: Scatter,
  at: Spot,
  value: Val,
  tally: string | undefined,
  doubt: string | undefined,
): readonly string[] {
  const { op } = s;
  const t = bind(em, at.flat, at.deps).v;
  const slot = `${at.data}[${t}]`;
  const err = at.list === undefined ? `${at.name}e[${t}]` : `${at.name}e[${at.list.v}][${t}]`;
  const unsure =
    doubt === undefined
      ? []
      : [tally === undefined ? `if (${doubt}) ${err} = Infinity;` : `if (${doubt}) ${tally}[3 * ${t} + 2] = Infinity;`];
  if (op === 'unique') {
    storeAt(em, at, value, doubt);
    return [];
  }
  if (value.rep === 'bool') {
    const or = op === 'or' || op === 'max' || op === 'add';
    return [
      `${slot} = ${or ? `${slot} || ${value.v} ? 1 : 0` : `${slot} && ${value.v} ? 1 : 0`};`,
      ...(value.e === undefined ? [] : [`if (${value.e}) ${err} = 1;`]),
      ...unsure,
    ];
  }
  if (value.rep === 'float') {
    if (op === 'and' || op === 'or') throw new Error(`internal: scatter ${op} of floats`);
    const next =
      op === 'add' ? `${slot} + ${value.v}` : op === 'mul' ? `${slot} * ${value.v}` : `Math.${op}(${slot}, ${value.v})`;
    if (tally === undefined)
      return [
        `${slot} = ${next};`,
        ...(em.bounds && value.e !== undefined ? [`${err} = Math.max(${err}, ${value.e});`] : []),
        ...unsure,
      ];
    const [size, bound] =
      op === 'add'
        ? [`Math.abs(${value.v})`, value.e ?? '0']
        : [
            '0',
            value.e === undefined ? '0' : `(${value.e} === 0 ? 0 : -Math.log1p(-${value.e} / Math.abs(${value.v})))`,
          ];
    return [
      `${slot} = ${next};`,
      `${tally}[3 * ${t}]++; ${tally}[3 * ${t} + 1] += ${size}; ${tally}[3 * ${t} + 2] += ${bound};`,
      ...unsure,
    ];
  }
  const spoil = value.e === undefined ? unsure : [`if (${value.e} > 0) ${err} = Infinity;`, ...unsure];
  if (at.m.layout !== 'wide') {
    const v = toNumber(em, value).v;
    const text: Readonly<Record<string, string>> = {
      add: `${slot} + ${v}`,
      mul: `Math.imul(${slot}, ${v})`,
      max: `Math.max(${slot}, ${v})`,
      min: `Math.min(${slot}, ${v})`,
      and: `${slot} & ${v}`,
      or: `${slot} | ${v}`,
    };
    return [`${slot} = ${text[op] ?? ''};`, ...spoil];
  }
  const [low, high] = [`${at.data}[2 * ${t}]`, `${at.data}[2 * ${t} + 1]`];
  const old = bind(em, low, at.deps, true).v;
  em.block.known.delete(low);
  const oldH = bind(em, high, at.deps, true).v;
  em.block.known.delete(high);
  const now = {
    rep: 'wide',
    type: whole(value).type === 'u64' ? 'u64' : 'i64',
    l: old,
    h: oldH,
    block: em.block,
  } as const;
  const w = toWide(em, whole(castTo(em, now.type, value)));
  if (op === 'max' || op === 'min')
    return [
      `if (${wideCompare(em, op === 'max' ? 'gt' : 'lt', w, now)}) { ${low} = ${w.l}; ${high} = ${w.h}; }`,
      ...spoil,
    ];
  const next = wideBinary(em, op === 'and' ? 'bitand' : op === 'or' ? 'bitor' : op, now, w);
  return [`${low} = ${next.l}; ${high} = ${next.h};`, ...spoil];
}

function finishSums(em: Emitter, s: Scatter, init: Val, stat: string, narrow: boolean): void {
  if (init.rep !== 'float') throw new Error('internal: a float scatter starts from a float');
  const m = em.around.memory(s.out.buf, 'write');
  const dtype = m.buffer.dtype;
  const f64 = String(dtype === 'f64');
  const u = num(unit(dtype === 'f64' ? 'f64' : 'f32'));
  helper(em, 'ERR');
  // A start of 0 is no term: adding to it rounds nothing.
  const end = ({ data }: { readonly data: string }): string =>
    s.op === 'add'
      ? `${helper(em, 'endSum')}(${data}[t], q[3 * t + 1] + Math.abs(${init.v}), q[3 * t + 2] + ${init.e ?? '0'}, q[3 * t] + (${init.v} === 0 ? 0 : 1), ${u}, false, ${f64})`
      : `${helper(em, 'endProd')}(${data}[t], q[3 * t + 2], 1, 1, q[3 * t] + 1, ${u}, ${f64})`;
  eachElement(em, s, (d) => [
    `const q = ${stat}[${d.l}];`,
    'if (q[3 * t] > 0) {',
    `${d.data}[t] = ${end(d)}; ${d.err}[t] = ERR[0];`,
    ...(narrow && isNarrowFloat(dtype)
      ? [
          `${d.data}[t] = ${helper(em, 'bStep')}(${helper(em, `round_${dtype}`)}, ${d.data}[t], ${d.err}[t]); ${d.err}[t] = ERR[0];`,
        ]
      : []),
    '}',
  ]);
}
