import type { Define, Expr, Lhs } from '../ast.ts';
import type { OpContext } from './context.ts';
import { writtenParts } from './indexing.ts';
import { bareName, collectUses, eachPart } from './uses.ts';
import type { Use } from './uses.ts';

/**
 * Where the loop tells the range of a state's index that its start value leaves open (`state s[n] = 0.0;`): the index that stands at the
 * same position in the definitions of the state, there or in the lets of the loop that these read.
 */
export function stateUses(state: Define, body: readonly Define[], op: OpContext): readonly Use[] {
  const [target] = state.targets;
  if (target === undefined) return [];
  const names = new Set([
    target.name.name,
    ...body.filter((d) => d.isLet).flatMap((d) => d.targets.map((t) => t.name.name)),
  ]);
  const start = state.rhs.kind === 'expr' ? [state.rhs.expr] : [];
  const all = new Set(target.index.flatMap(partsOf).flatMap((l) => (l.kind === 'bind' ? [l.name.name] : [])));
  const told = new Set(collectUses(start, all, op).map((u) => u.name));
  return target.index.flatMap((l, k) =>
    partsOf(l).flatMap((p, j) => {
      if (p.kind !== 'bind' || p.domain !== undefined) return [];
      const { name } = p.name;
      if (told.has(name)) return [];
      return usesAt(target.name.name, k, j, new Set()).map((u) => ({ ...u, name }));
    }),
  );

  function usesAt(tensor: string, k: number, j: number, seen: ReadonlySet<string>): readonly Use[] {
    const id = `${tensor} ${k} ${j}`;
    if (seen.has(id)) return [];
    return body.flatMap((d) => {
      if (d.rhs.kind !== 'expr') return [];
      const { expr } = d.rhs;
      return d.targets.flatMap((t) => {
        const at = t.name.name === tensor ? partsOf(t.index[k])[j] : undefined;
        if (at?.kind !== 'bind') return [];
        const m = at.name.name;
        const next = readsOf(expr, m).flatMap((r) => usesAt(r.tensor, r.k, r.j, new Set([...seen, id])));
        return [...collectUses([expr], new Set([m]), op), ...next];
      });
    });
  }

  /** Where a name stands bare in reads of the loop's own lets and the state. */
  function readsOf(e: Expr, m: string): readonly { readonly tensor: string; readonly k: number; readonly j: number }[] {
    const out: { readonly tensor: string; readonly k: number; readonly j: number }[] = [];
    const go = (x: Expr, guarded: boolean): void => {
      if (x.kind === 'access' && names.has(x.name.name) && !guarded) {
        x.index.forEach((w, k) =>
          (writtenParts(w) ?? [w.expr]).forEach((p, j) => {
            if (w.policy === 'none' && bareName(p) === m) out.push({ tensor: x.name.name, k, j });
          }),
        );
      }
      eachPart(x, guarded, go);
    };
    go(e, false);
    return out;
  }
}

const partsOf = (l: Lhs | undefined): readonly Lhs[] => (l === undefined ? [] : l.kind === 'tuple' ? l.parts : [l]);
