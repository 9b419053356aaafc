import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/cli/run.ts';

/** A folder of its own for each test, and the command run in it without a process. */
export interface Sandbox {
  readonly dir: string;
  write(name: string, content: string | Uint8Array): string;
  ktune(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  close(): void;
}
export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export function sandbox(): Sandbox {
  const dir = mkdtempSync(join(tmpdir(), 'ktune-cli-'));
  return {
    dir,
    write(name, content) {
      writeFileSync(join(dir, name), content);
      return name;
    },
    async ktune(args, env = {}) {
      let [out, err] = ['', ''];
      const exit = await run(args, {
        out: (text) => void (out += text),
        err: (text) => void (err += text),
        env: {
          ...process.env,
          KTUNE_DIR: join(dir, '.ktune'),
          KTUNE_CACHE: join(tmpdir(), 'ktune-test-cache'),
          ...env,
        },
        cwd: dir,
        outTty: false,
        errTty: false,
        signal: new AbortController().signal,
      });
      return { exit, out, err };
    },
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A row-wise operator that every command can be tried on. */
export const SCALE = `## Rows times a factor.
## shape: N=64 D=33
op scale(x: f32[N, D], a: f32) -> (y: f32[N, D]) { y[n, d] = x[n, d] * a; }
`;

/** A .npy file (version 1, little-endian) of the given bytes. */
export function npy(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11, ' ') + '\n';
  const head = Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]),
    Buffer.from(header),
  ]);
  return Buffer.concat([head, data]);
}
export const f32 = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
