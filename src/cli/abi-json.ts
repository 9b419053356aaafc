import { printExpr } from '../codegen/ir/print.ts';
import type { Abi } from '../codegen/program.ts';

/** The ABI as people and other programs read it: size expressions in source notation. */
export function abiJson(abi: Abi): unknown {
  return {
    schema: 'ktune-abi/1',
    entry: abi.entry,
    target: abi.target,
    phases: abi.phases,
    deterministic: abi.deterministic,
    call: `void ${abi.entry}(params…, int64 part, int64 parts)`,
    params: abi.params.map((p) => {
      switch (p.kind) {
        case 'buffer':
          return {
            kind: p.kind,
            name: p.name,
            role: p.role,
            dtype: p.dtype,
            shape: p.shape.map((e) => printExpr(e)),
            ...(p.rowBytes === undefined ? {} : { rowBytes: printExpr(p.rowBytes) }),
            ...(p.list === undefined ? {} : { table: printExpr(p.list) }),
          };
        case 'workspace':
          return { kind: p.kind, bytes: printExpr(p.bytes), perPart: printExpr(p.perPart), align: 64 };
        case 'dim':
        case 'scalar':
        case 'capacity':
          return p;
      }
    }),
  };
}
