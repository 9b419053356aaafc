import type { Arch, Backend, ShapeHint } from '../backends/backend.ts';
import type { StageGraph } from '../codegen/ir/stage.ts';
import type { Emitted } from '../codegen/program.ts';
import { canonical, configId, defaultConfig, showConfig } from '../codegen/space/config.ts';
import { sample } from '../codegen/space/enumerate.ts';
import { seeded } from '../codegen/space/random.ts';
import type { Config, Reason, Space } from '../codegen/space/space.ts';

/** An emitted config of a graph. */
export interface Variant {
  readonly config: Config;
  /** As people read it. */
  readonly label: string;
  readonly emitted: Emitted;
}
export type Variants =
  | { readonly ok: true; readonly variants: readonly Variant[] }
  | { readonly ok: false; readonly config: Config; readonly reasons: readonly Reason[] };

/** The default, the default of every plan, and random valid configs; equal texts once. */
export function chooseVariants(
  backend: Backend,
  graph: StageGraph,
  arch: Arch,
  hint: ShapeHint,
  options: { readonly configs: number; readonly seed: number },
): Variants {
  const space = backend.space(graph, arch, hint);
  return emitVariants(backend, graph, arch, hint, space, candidates(space, options));
}

function candidates(space: Space, options: { readonly configs: number; readonly seed: number }): readonly Config[] {
  const first = defaultConfig(space);
  const plan = space.params.find((p) => p.name === 'plan');
  const plans = plan?.kind === 'enum' ? plan.values.map((v) => canonical(space, { ...first, plan: v })) : [];
  const chosen = new Map<string, Config>();
  for (const c of [first, ...plans]) chosen.set(configId(space, c), c);
  const rng = seeded(`configs/${options.seed}`);
  for (let attempt = 0; attempt < options.configs * 10 && chosen.size < plans.length + options.configs; attempt++) {
    const c = sample(space, rng);
    if (c !== undefined) chosen.set(configId(space, c), c);
  }
  return [...chosen.values()];
}

/** Emits configs, each text once; the first refusal ends it. */
export function emitVariants(
  backend: Backend,
  graph: StageGraph,
  arch: Arch,
  hint: ShapeHint,
  space: Space,
  configs: readonly Config[],
): Variants {
  const variants: Variant[] = [];
  const seen = new Set<string>();
  for (const config of configs) {
    const entry = `${graph.name}_${configId(space, config)}`;
    const result = backend.emit(graph, arch, config, hint, entry);
    if (!result.ok) return { ok: false, config, reasons: result.reasons };
    const body = result.emitted.body.replaceAll(entry, '');
    if (seen.has(body)) continue;
    seen.add(body);
    variants.push({ config, label: showConfig(space, config), emitted: result.emitted });
  }
  return { ok: true, variants };
}
