import type { Backend, Arch } from './backends/backend.ts';
import type { StageGraph } from './codegen/ir/stage.ts';
import { lower } from './codegen/lower/lower.ts';
import type { Consts } from './codegen/lower/lower.ts';
import type { Emitted } from './codegen/program.ts';
import { canonical, defaultConfig } from './codegen/space/config.ts';
import type { Config } from './codegen/space/space.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { hasErrors } from './diagnostics/diagnostic.ts';
import { check, instantiate } from './dsl/check.ts';
import type { Loader } from './dsl/check.ts';
import type { DType } from './dsl/dtypes.ts';
import { parse } from './dsl/parse.ts';

/** What to compile, for what. */
export interface CompileRequest {
  readonly text: string;
  readonly file: string;
  readonly op: string;
  readonly types?: Readonly<Record<string, DType>>;
  readonly consts?: Consts;
  readonly backend: Backend;
  readonly arch: Arch;
  /** Differences from the default config. */
  readonly config?: Config;
  readonly load?: Loader;
}
export type Compiled =
  | {
      readonly ok: true;
      readonly graph: StageGraph;
      readonly emitted: Emitted;
      readonly diagnostics: readonly Diagnostic[];
    }
  | {
      readonly ok: false;
      readonly stage: 'parse' | 'check' | 'choose' | 'lower' | 'emit';
      readonly diagnostics: readonly Diagnostic[];
      readonly reasons: readonly string[];
    };

/** The pipeline, one stage a line; planning, scheduling and rendering are the backend's `emit`. */
export function compile(request: CompileRequest): Compiled {
  const parsed = parse(request.text, request.file);
  if (hasErrors(parsed.diagnostics)) return { ok: false, stage: 'parse', diagnostics: parsed.diagnostics, reasons: [] };
  const checked = check(parsed.module, request.load);
  const diagnostics = [...parsed.diagnostics, ...checked.diagnostics];
  if (hasErrors(diagnostics)) return { ok: false, stage: 'check', diagnostics, reasons: [] };
  const found = checked.ops.find((o) => o.name === request.op);
  const op = found === undefined ? undefined : instantiate(found, request.types ?? {});
  if (op === undefined)
    return { ok: false, stage: 'choose', diagnostics, reasons: [`no operator ${request.op} of these types`] };
  const lowered = lower(op, request.consts ?? {});
  if (!lowered.ok)
    return { ok: false, stage: 'lower', diagnostics: [...diagnostics, ...lowered.refusals], reasons: [] };
  const space = request.backend.space(lowered.graph, request.arch, { dims: {} });
  const config = canonical(space, { ...defaultConfig(space), ...request.config });
  const result = request.backend.emit(lowered.graph, request.arch, config, { dims: {} }, `ktune_${op.name}`);
  if (!result.ok) return { ok: false, stage: 'emit', diagnostics, reasons: result.reasons.map((r) => r.message) };
  return { ok: true, graph: lowered.graph, emitted: result.emitted, diagnostics };
}
