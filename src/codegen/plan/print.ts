import { printExpr } from '../ir/print.ts';
import { claimsOf } from '../patterns/registry.ts';
import { classify } from '../patterns/classify.ts';
import type { Home, KernelPlan, Plan, PlanNode } from './plan.ts';

/** How each kernel of a plan runs: the pattern that claims it, or what its loops are. */
export const patternsOf = (plan: Plan): readonly string[] =>
  plan.kernels.map((k) => claimsOf(plan).get(k.name)?.pattern ?? classify(k));

/** Dump of a plan: kernels with their patterns, loops around stages, and where temporaries live. */
export function printPlan(plan: Plan): string {
  const patterns = patternsOf(plan);
  const kernels = plan.kernels.flatMap((k, n) => [
    `kernel ${k.name} (${patterns[n] ?? ''})${k.split ? '' : ' unsplit'}`,
    ...k.prologue.map((s) => `  every part first: ${s.name}`),
    ...homes(k),
    ...nodeLines(k.root, '  '),
  ]);
  return [`plan ${plan.name}`, ...kernels, ''].join('\n');
}

function homes(k: KernelPlan): readonly string[] {
  return [...k.homes].map(([buf, home]) => `  ${buf}: ${homeText(home)}`);
}
function homeText(home: Home): string {
  switch (home.kind) {
    case 'workspace':
      return 'in the workspace';
    case 'register':
      return 'in a register';
    case 'part':
      return `scratch of the part, axes ${home.keep.join(', ') || 'none'} kept`;
    default:
      return home satisfies never;
  }
}

function nodeLines(n: PlanNode, pad: string): readonly string[] {
  const inner = `${pad}  `;
  switch (n.kind) {
    case 'leaf':
      return [`${pad}${n.stage.kind} ${n.stage.name}`];
    case 'loop':
      return [
        `${pad}for ${n.axis.name} in ${printExpr(n.axis.lo)}..${printExpr(n.axis.hi)}`,
        ...n.body.flatMap((c) => nodeLines(c, inner)),
      ];
    case 'recur':
      return [
        `${pad}steps ${n.step.name} in ${printExpr(n.step.lo)}..${printExpr(n.step.hi)}, states ${n.states.join(', ')}`,
        ...n.body.flatMap((c) => nodeLines(c, inner)),
      ];
    default:
      return n satisfies never;
  }
}
