import { createHash } from 'node:crypto';
import { contains, describe, encodeValue } from './fragment.ts';
import type { Config, Constraint, Param, Reason, Space, Value } from './space.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Builds a space: checks the parameter list (an error here is a bug of the backend), fingerprints it, keeps at most 20 valid, distinct seeds. */
export function defineSpace(parts: {
  readonly params: readonly Param[];
  readonly constraints: readonly Constraint[];
  readonly seeds: readonly Config[];
}): Space {
  const seen = new Set<string>();
  for (const p of parts.params) {
    if (seen.has(p.name)) throw new Error(`internal: parameter ${p.name} declared twice`);
    if (p.when !== undefined && !seen.has(p.when.param))
      throw new Error(`internal: parameter ${p.name} depends on ${p.when.param}, which does not precede it`);
    if (!contains(p, p.default))
      throw new Error(`internal: default ${String(p.default)} of parameter ${p.name} is not ${describe(p)}`);
    seen.add(p.name);
  }
  const shape = [parts.params, parts.constraints.map((c) => c.code)];
  const fingerprint = sha(JSON.stringify(shape, (key, v: unknown) => (key === 'help' ? undefined : v)));
  const space: Space = { ...parts, fingerprint, seeds: [] };
  const seeds = new Map<string, Config>();
  for (const seed of parts.seeds) {
    const config = canonical(space, { ...defaultConfig(space), ...seed });
    if (seeds.size < 20 && invalidity(space, config).length === 0) seeds.set(configId(space, config), config);
  }
  return { ...space, seeds: [...seeds.values()] };
}

/** Every parameter at its default. */
export function defaultConfig(space: Space): Config {
  return Object.fromEntries(space.params.map((p) => [p.name, p.default]));
}

/** The value of a numeric parameter; `fallback` where a config has none of that name. */
export const numberOf = (config: Config, name: string, fallback: number): number => {
  const v = config[name];
  return typeof v === 'number' ? v : fallback;
};

/** True if `p` matters in a config whose earlier parameters are set. */
export function isActive(space: Space, p: Param, config: Config): boolean {
  if (p.when === undefined) return true;
  const { param, in: under } = p.when;
  const parent = space.params.find((x) => x.name === param);
  const value = config[param];
  return parent !== undefined && value !== undefined && under.includes(value) && isActive(space, parent, config);
}

/** The one spelling of a config: parameters in order, absent and inactive ones at their default. Unknown names are dropped. */
export function canonical(space: Space, config: Config): Config {
  const out: Record<string, Value> = {};
  for (const p of space.params) out[p.name] = isActive(space, p, out) ? (config[p.name] ?? p.default) : p.default;
  return out;
}

/** All the reasons why a canonical config is not valid; empty for a valid one. */
export function invalidity(space: Space, config: Config): readonly Reason[] {
  const reasons: Reason[] = [];
  for (const p of space.params) {
    const v = config[p.name];
    if (v === undefined || !contains(p, v)) {
      reasons.push({ code: 'domain', message: `${p.name} must be ${describe(p)}, not ${String(v)}`, params: [p.name] });
    }
  }
  if (reasons.length > 0) return reasons;
  for (const c of space.constraints) {
    const reason = c.check(config);
    if (reason !== undefined) reasons.push(reason);
  }
  return reasons;
}

/** What differs from the default, in parameter order: how configs are stored, shown and proposed. */
export function toDiff(space: Space, config: Config): Config {
  return Object.fromEntries(
    space.params.flatMap((p) => {
      const v = config[p.name];
      return v === undefined || v === p.default ? [] : [[p.name, v]];
    }),
  );
}

/**
 * A full canonical config from a sparse diff given by a user, a record or a model. Unknown names, wrong types and values outside the
 * domain are refused with reasons, never mended.
 */
export function fromDiff(
  space: Space,
  diff: unknown,
): { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly reasons: readonly Reason[] } {
  if (typeof diff !== 'object' || diff === null || Array.isArray(diff)) {
    return {
      ok: false,
      reasons: [{ code: 'shape', message: 'a config is an object of parameter names and values', params: [] }],
    };
  }
  const reasons: Reason[] = [];
  const given: Record<string, Value> = {};
  for (const [name, v] of Object.entries(diff)) {
    const p = space.params.find((x) => x.name === name);
    if (p === undefined) {
      reasons.push({
        code: 'unknown-param',
        message: `no parameter is named ${name}; there are ${space.params.map((x) => x.name).join(', ')}`,
        params: [name],
      });
    } else if ((typeof v !== 'number' && typeof v !== 'string' && typeof v !== 'boolean') || !contains(p, v)) {
      reasons.push({
        code: 'domain',
        message: `${name} must be ${describe(p)}, not ${JSON.stringify(v)}`,
        params: [name],
      });
    } else {
      given[name] = v;
    }
  }
  if (reasons.length > 0) return { ok: false, reasons };
  const config = canonical(space, given);
  const invalid = invalidity(space, config);
  return invalid.length > 0 ? { ok: false, reasons: invalid } : { ok: true, config };
}

/** Identity of a canonical config within spaces of one fingerprint. */
export function configId(space: Space, config: Config): string {
  return sha(`${space.fingerprint} ${JSON.stringify(toDiff(space, config))}`);
}

/** Features of a config for surrogate models; equal length for all configs of a space. */
export function encode(space: Space, config: Config): readonly number[] {
  return space.params.flatMap((p) => encodeValue(p, config[p.name] ?? p.default));
}

/** A config as people read it: `tile=64 plan=fused`, or `default`. */
export function showConfig(space: Space, config: Config): string {
  const parts = Object.entries(toDiff(space, config)).map(([k, v]) => `${k}=${String(v)}`);
  return parts.length === 0 ? 'default' : parts.join(' ');
}
