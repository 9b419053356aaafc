import type { StageGraph } from '../ir/stage.ts';
import type { Plan } from '../plan/plan.ts';
import type { Config, Param } from '../space/space.ts';
import { cascade } from './cascade/cascade.ts';
import { columns } from './columns/columns.ts';
import { contraction } from './contraction/contraction.ts';
import { turn } from './turn/turn.ts';
import { scatter } from './scatter/scatter.ts';
import { window } from './window.ts';
import type { Claim, Machine, Pattern } from './pattern.ts';

/** Tried in this order; the first that claims a kernel has it. */
const PATTERNS: readonly Pattern[] = [cascade, contraction, window, columns, turn, scatter];

/** Claims by kernel name. */
export type Claims = ReadonlyMap<string, Claim>;

/** What the patterns claim of a plan's kernels. Remembered: a search asks for the same plans again and again. */
export function claimsOf(plan: Plan): Claims {
  const known = claimed.get(plan) ?? claim(plan);
  claimed.set(plan, known);
  return known;
}
const claimed = new WeakMap<Plan, Claims>();

function claim(plan: Plan): Claims {
  return new Map(
    plan.kernels.flatMap((k) => {
      const found = first(k, plan.graph);
      return found === undefined ? [] : [[k.name, found] as const];
    }),
  );
}
function first(kernel: Plan['kernels'][number], graph: StageGraph): Claim | undefined {
  for (const p of PATTERNS) {
    const found = p.claim(kernel, graph);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The parameters of all claims, each active under the plans that have it. `plans` is the domain of the parameter `plan`. */
export function claimParams(plans: readonly Plan[], machine: Machine): readonly Param[] {
  const found = new Map<string, { readonly param: Param; readonly plans: Set<string> }>();
  for (const plan of plans) {
    for (const c of claimsOf(plan).values()) {
      for (const param of c.params(machine)) {
        const known = found.get(param.name) ?? { param, plans: new Set() };
        known.plans.add(plan.name);
        found.set(param.name, known);
      }
    }
  }
  const all = plans.map((p) => p.name);
  return [...found.values()].map(({ param, plans: under }): Param =>
    param.when !== undefined || under.size === all.length
      ? param
      : { ...param, when: { param: 'plan', in: all.filter((n) => under.has(n)) } },
  );
}

/** What the claims of all plans would have a search try first. */
export const claimSeeds = (plans: readonly Plan[], machine: Machine): readonly Config[] =>
  plans.flatMap((plan) => [...claimsOf(plan).values()].flatMap((c) => c.seeds?.(machine) ?? []));
