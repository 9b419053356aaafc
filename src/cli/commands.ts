import type { Command } from './command.ts';
import { check } from './commands/check.ts';
import { doctor } from './commands/doctor.ts';
import { emit } from './commands/emit.ts';
import { explain } from './commands/explain.ts';
import { exportStudy } from './commands/export.ts';
import { fmt } from './commands/fmt.ts';
import { ops } from './commands/ops.ts';
import { replay } from './commands/replay.ts';
import { report } from './commands/report.ts';
import { run } from './commands/run.ts';
import { space } from './commands/space.ts';
import { targets } from './commands/targets.ts';
import { toolchain } from './commands/toolchain.ts';
import { tune } from './commands/tune.ts';
import { verify } from './commands/verify.ts';
import type { CommonArgs } from './context.ts';

type Add = <A extends CommonArgs>(command: Command<A>) => void;

/** All subcommands, in the order that help lists them. */
export const commands: readonly ((add: Add) => void)[] = [
  (add) => add(check),
  (add) => add(fmt),
  (add) => add(explain),
  (add) => add(emit),
  (add) => add(run),
  (add) => add(verify),
  (add) => add(space),
  (add) => add(tune),
  (add) => add(replay),
  (add) => add(report),
  (add) => add(exportStudy),
  (add) => add(ops),
  (add) => add(targets),
  (add) => add(doctor),
  (add) => add(toolchain),
];
