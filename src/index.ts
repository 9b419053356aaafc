/** The public API; everything else may change without notice. */
export { compile } from './compile.ts';
export type { Compiled, CompileRequest } from './compile.ts';
export { parse } from './dsl/parse.ts';
export { check, instantiate } from './dsl/check.ts';
export { format } from './dsl/print.ts';
export { lower } from './codegen/lower/lower.ts';
export { evaluate } from './backends/reference/evaluate.ts';
export { backends, findTarget } from './backends/registry.ts';
export { report, reportJson } from './diagnostics/report.ts';
export type { Diagnostic } from './diagnostics/diagnostic.ts';
export type { StageGraph } from './codegen/ir/stage.ts';
export type { Abi, Emitted } from './codegen/program.ts';
