import { operands } from '../../codegen/ir/tile-walk.ts';
import type { Ref, TileOp, Val } from '../../codegen/ir/tile.ts';

/** Axes of a program's block that a value differs along, as bits; a value without any is one number. */
export type Axes = 0 | 1 | 2 | 3;
/** Rows of a program, and elements side by side. Blocks of one axis only have lanes. */
export const ROW: Axes = 1;
export const LANE: Axes = 2;
const AXES: readonly Axes[] = [0, 1, 2, 3];
export const join = (...all: readonly Axes[]): Axes => AXES[all.reduce<number>((a, b) => a | b, 0)] ?? 3;
export const meets = (a: Axes, b: Axes): boolean => (a & b) !== 0;
export const within = (a: Axes, b: Axes): boolean => (a & ~b) === 0;
export const without = (a: Axes, b: Axes): Axes => AXES[a & ~b] ?? 0;

/** Axes of locals and of the pointers of arrays; what is not there is one number. */
export interface Env {
  readonly locals: Map<string, Axes>;
  readonly arrays: ReadonlyMap<string, Axes>;
  /** Axes of a loop over the rows of a program. */
  readonly rows: Axes;
}

/** Axes of a value. What is loaded under conditions that differ along axes does so itself. */
export function axesOf(v: Val, env: Env, conditions: Axes): Axes {
  const inner = operands(v).map((o) => axesOf(o, env, conditions));
  if (v.kind === 'name') return env.locals.get(v.id) ?? 0;
  if (v.kind === 'load') return join(...inner, env.arrays.get(v.from.array) ?? 0, conditions);
  return join(...inner);
}
export const axesOfRef = (r: Ref, env: Env, conditions: Axes): Axes =>
  join(axesOf(r.index, env, conditions), env.arrays.get(r.array) ?? 0);

/** Finds the axes of all locals of a block's code: those of what they are ever set to, and of the conditions under which. */
export function findAxes(ops: readonly TileOp[], env: Env): void {
  for (let before = -1; before !== total(env);) {
    before = total(env);
    walk(ops, { env, around: [], conditions: 0, declared: new Map() });
  }
}
const total = (env: Env): number => [...env.locals.values()].reduce<number>((n, a) => n + (a & 1) + ((a >> 1) & 1), 0);

interface Place {
  readonly env: Env;
  /** Axes of each condition around, outermost first; and together of those that are no bounds of loops. */
  readonly around: readonly Axes[];
  readonly conditions: Axes;
  /** How many conditions stood around the declaration of a local. */
  readonly declared: Map<string, number>;
}

function walk(ops: readonly TileOp[], p: Place): void {
  const { env } = p;
  const of = (v: Val): Axes => axesOf(v, env, p.conditions);
  const grow = (id: string, axes: Axes): void => void env.locals.set(id, join(env.locals.get(id) ?? 0, axes));
  const under = (loop: Axes, condition: Axes): Place => ({
    ...p,
    around: [...p.around, join(loop, condition)],
    conditions: join(p.conditions, condition),
  });
  for (const op of ops) {
    switch (op.kind) {
      case 'let':
        grow(op.id, of(op.value));
        break;
      case 'var':
        p.declared.set(op.id, p.around.length);
        grow(op.id, op.init === undefined ? 0 : of(op.init));
        break;
      case 'set':
        grow(op.id, join(of(op.value), ...p.around.slice(p.declared.get(op.id) ?? 0)));
        break;
      case 'loop': {
        const [lo, hi] = [of(op.lo), of(op.hi)];
        const own: Axes = op.level.kind === 'lane' ? LANE : op.level.kind === 'grid' ? env.rows : 0;
        grow(op.id, join(lo, own));
        walk(op.body, under(join(lo, hi, own), leaving(op.body, p)));
        break;
      }
      case 'while':
        walk(op.body, under(of(op.cond), leaving(op.body, p)));
        break;
      case 'if': {
        const inner = under(0, of(op.cond));
        walk(op.then, inner);
        walk(op.else, inner);
        break;
      }
      case 'reduceTile':
        if (op.within === 'block' && op.value.kind === 'name') grow(op.value.id, LANE);
        grow(op.id, without(of(op.value), LANE));
        break;
      case 'scanTile':
        grow(op.id, join(of(op.value), LANE));
        break;
      default:
        break;
    }
  }

  /** Axes of the conditions under which the loop around `body` is left. */
  function leaving(body: readonly TileOp[], at: Place): Axes {
    return join(...body.map((op) => leavingOf(op, at)));
  }
  function leavingOf(op: TileOp, at: Place): Axes {
    if (op.kind !== 'if' || !breaks([op])) return 0;
    return join(axesOf(op.cond, at.env, at.conditions), leaving(op.then, at), leaving(op.else, at));
  }
}

/** True where a `break` of the loop around stands in `ops`. */
export const breaks = (ops: readonly TileOp[]): boolean =>
  ops.some((op) => op.kind === 'break' || (op.kind === 'if' && (breaks(op.then) || breaks(op.else))));
