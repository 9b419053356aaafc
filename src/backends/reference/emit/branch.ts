import type { Expr } from '../../../codegen/ir/stage.ts';
import { visit } from '../../../codegen/ir/walk.ts';
import type { Block, BoolVal, Emitter, Val } from './code.ts';
import { bind, close, fresh, helper, open } from './code.ts';
import { toWide } from './wide.ts';

/** Reads and folds must not be evaluated where their guards do not hold. */
function mustStay(e: Expr): boolean {
  let found = false;
  visit(e, (x) => void (found ||= x.kind === 'read' || x.kind === 'reduce'));
  return found;
}
function holdsFold(e: Expr): boolean {
  let found = false;
  visit(e, (x) => void (found ||= x.kind === 'reduce'));
  return found;
}

export function boolOf(em: Emitter, e: Expr): BoolVal {
  const v = em.expr(em, e);
  if (v.rep !== 'bool') throw new Error(`internal: ${v.type} as a condition`);
  return v;
}

/** Lazy conjunction and disjunction. Unstable where the other result is possible. */
export function emitLogical(em: Emitter, op: 'and' | 'or', ea: Expr, eb: Expr): Val {
  const a = boolOf(em, ea);
  if (a.v === 'true' || a.v === 'false') return (a.v === 'true') === (op === 'and') ? boolOf(em, eb) : a;
  const sign = op === 'and' ? '&&' : '||';
  if (!mustStay(eb)) {
    const b = boolOf(em, eb);
    return combine(em, sign, a, b);
  }
  const name = fresh(em, 'q');
  em.block.lines.push(`let ${name} = ${a.v};`);
  open(em, true);
  const b = boolOf(em, eb);
  em.block.lines.push(`${name} = ${b.v};`);
  const loose = a.e !== undefined || b.e !== undefined;
  const possible = op === 'and' ? b.v : `!${b.v}`;
  if (loose)
    em.block.lines.push(`${name}e = (${possible} || ${b.e ?? 'false'}) && (${a.e ?? 'false'} || ${b.e ?? 'false'});`);
  if (loose) em.block.parent?.lines.push(`let ${name}e = ${a.e ?? 'false'};`);
  close(em, `if (${op === 'and' ? a.v : `!${a.v}`})`);
  return { rep: 'bool', type: 'bool', v: name, e: loose ? `${name}e` : undefined, block: em.block };
}
function combine(em: Emitter, sign: string, a: BoolVal, b: BoolVal): BoolVal {
  const v = bind(em, `${a.v} ${sign} ${b.v}`, [a, b]);
  if (a.e === undefined && b.e === undefined) return { rep: 'bool', type: 'bool', v: v.v, block: v.block };
  const [ae, be] = [a.e ?? 'false', b.e ?? 'false'];
  const not = sign === '&&' ? '' : '!';
  const e = bind(em, `(${not}${a.v} || ${ae}) && (${not}${b.v} || ${be}) && (${ae} || ${be})`, [a, b]);
  return { rep: 'bool', type: 'bool', v: v.v, e: e.v, block: e.block };
}

/** `if c then a else b`: lazy; where the choice is unstable, either result is right. */
export function emitSelect(em: Emitter, cond: Expr, then: Expr, other: Expr): Val {
  return choose(
    em,
    boolOf(em, cond),
    { value: () => em.expr(em, then), stays: mustStay(then), folds: holdsFold(then) },
    { value: () => em.expr(em, other), stays: mustStay(other), folds: holdsFold(other) },
  );
}
/** One side of a choice: whether it holds reads, which may not move out of it, and folds, which are not evaluated on suspicion. */
export interface Side {
  readonly value: () => Val;
  readonly stays: boolean;
  readonly folds: boolean;
}
export function choose(em: Emitter, c: BoolVal, then: Side, other: Side): Val {
  if (c.v === 'true') return then.value();
  if (c.v === 'false') return other.value();
  if (!then.stays && !other.stays) {
    const [a, b] = [then.value(), other.value()];
    return c.e === undefined ? chosen(em, c, a, b) : eitherOf(em, c, a, b);
  }
  const sides = [branch(em, then), branch(em, other)] as const;
  const result = merge(em, sides[0].value, sides[1].value, c.e !== undefined);
  em.block.lines.push(`let ${result.names.join(', ')};`);
  em.block.lines.push(
    `if (${c.v}) {`,
    ...sides[0].block.lines,
    ...result.assign(sides[0].value),
    '} else {',
    ...sides[1].block.lines,
    ...result.assign(sides[1].value),
    '}',
  );
  if (c.e !== undefined) unstable(em, c, then, other, result);
  return { ...result.value, block: em.block };
}

interface Branch {
  readonly block: Block;
  readonly value: Val;
}
function branch(em: Emitter, side: Side): Branch {
  const outer = em.block;
  const block = open(em, true);
  const value = side.value();
  em.block = outer;
  return { block, value };
}

/** Mutable names that hold whichever side was taken. */
interface Merged {
  readonly names: readonly string[];
  readonly value: Val;
  readonly assign: (v: Val) => readonly string[];
}
function merge(em: Emitter, a: Val, b: Val, loose: boolean): Merged {
  const n = fresh(em, 'r');
  const block = em.block;
  const e = loose || a.e !== undefined || b.e !== undefined ? `${n}e` : undefined;
  const tail = (v: Val): string => (e === undefined ? '' : ` ${e} = ${v.e ?? (v.rep === 'bool' ? 'false' : '0')};`);
  const more = e === undefined ? [] : [e];
  if (a.rep === 'bool' && b.rep === 'bool')
    return {
      names: [n, ...more],
      value: { rep: 'bool', type: 'bool', v: n, e, block },
      assign: (v) => (v.rep === 'bool' ? [`${n} = ${v.v};${tail(v)}`] : []),
    };
  if (a.rep === 'float' && b.rep === 'float') {
    const rounded = a.rounded === b.rounded ? a.rounded : undefined;
    return {
      names: [n, ...more],
      value: { rep: 'float', type: a.type, v: n, e, rounded, block },
      assign: (v) => (v.rep === 'float' ? [`${n} = ${v.v};${tail(v)}`] : []),
    };
  }
  if (a.rep === 'int' && b.rep === 'int')
    return {
      names: [n, ...more],
      value: { rep: 'int', type: a.type, v: n, e, lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi), block },
      assign: (v) => (v.rep === 'int' ? [`${n} = ${v.v};${tail(v)}`] : []),
    };
  if ((a.rep === 'int' || a.rep === 'wide') && (b.rep === 'int' || b.rep === 'wide')) {
    const type = a.type === 'u64' ? 'u64' : 'i64';
    const assign = (v: Val): readonly string[] => {
      if (v.rep === 'wide') return [`${n} = ${v.l}; ${n}h = ${v.h};${tail(v)}`];
      if (v.rep === 'int') return [`${n} = ${v.v} | 0; ${n}h = Math.floor(${v.v} / 4294967296) | 0;${tail(v)}`];
      return [];
    };
    return { names: [n, `${n}h`, ...more], value: { rep: 'wide', type, l: n, h: `${n}h`, e, block }, assign };
  }
  throw new Error(`internal: a choice between ${a.type} and ${b.type}`);
}

/** Both sides are at hand. */
function chosen(em: Emitter, c: BoolVal, a: Val, b: Val): Val {
  const e =
    a.e === undefined && b.e === undefined
      ? undefined
      : bind(em, `${c.v} ? ${a.e ?? zeroOf(a)} : ${b.e ?? zeroOf(b)}`, [c, a, b]).v;
  const pick = (x: string, y: string): { v: string; block: Block } => bind(em, `${c.v} ? ${x} : ${y}`, [c, a, b]);
  if (a.rep === 'bool' && b.rep === 'bool') return { ...pick(a.v, b.v), rep: 'bool', type: 'bool', e };
  if (a.rep === 'float' && b.rep === 'float')
    return {
      ...pick(a.v, b.v),
      rep: 'float',
      type: a.type,
      e,
      rounded: a.rounded === b.rounded ? a.rounded : undefined,
    };
  if (a.rep === 'int' && b.rep === 'int')
    return { ...pick(a.v, b.v), rep: 'int', type: a.type, lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi), e };
  if (a.rep === 'bool' || b.rep === 'bool' || a.rep === 'float' || b.rep === 'float')
    throw new Error(`internal: a choice between ${a.type} and ${b.type}`);
  const [x, y] = [toWide(em, a), toWide(em, b)];
  const l = pick(x.l, y.l);
  return { rep: 'wide', type: x.type, l: l.v, h: pick(x.h, y.h).v, e, block: l.block };
}
const zeroOf = (v: Val): string => (v.rep === 'bool' ? 'false' : '0');

/** Distance between two results of which either is right, plus the other's bound. */
function eitherText(em: Emitter, a: Val, b: Val): string {
  if (a.rep === 'bool' && b.rep === 'bool') return `${a.v} !== ${b.v} || ${a.e ?? 'false'} || ${b.e ?? 'false'}`;
  if (a.rep === 'wide' || b.rep === 'wide' || a.rep === 'bool' || b.rep === 'bool') return 'Infinity';
  return `${helper(em, 'both')}(${a.v}, ${a.e ?? '0'}, ${b.v}, ${b.e ?? '0'})`;
}
function eitherOf(em: Emitter, c: BoolVal, a: Val, b: Val): Val {
  const v = chosen(em, c, a, b);
  const e = bind(em, `${c.e} ? (${c.v} ? ${eitherText(em, a, b)} : ${eitherText(em, b, a)}) : ${v.e ?? zeroOf(v)}`, [
    c,
    a,
    b,
    v,
  ]);
  const block = e.block;
  return { ...v, e: e.v, block };
}

const DEPTH = 2;
/** Evaluates the side not taken as well, quietly, where the choice is unstable. */
function unstable(em: Emitter, c: BoolVal, then: Side, other: Side, result: Merged): void {
  const e = result.value.e ?? '';
  const bool = result.value.rep === 'bool';
  if (em.speculative >= DEPTH || then.folds || other.folds) {
    em.block.lines.push(`if (${c.e}) ${e} = ${bool ? 'true' : 'Infinity'};`);
    return;
  }
  em.speculative++;
  const [a, b] = [branch(em, then), branch(em, other)];
  em.speculative--;
  const line = (s: Branch): readonly string[] => [...s.block.lines, `${e} = ${eitherText(em, result.value, s.value)};`];
  em.block.lines.push(`if (${c.e}) {`, `if (${c.v}) {`, ...line(b), '} else {', ...line(a), '}', '}');
}
