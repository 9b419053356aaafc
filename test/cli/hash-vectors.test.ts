import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { npy, sandbox } from './command.ts';

/** Public vectors of the sigrid hash: salt 0, modulus 100, ids 1 to 16. */
const VECTORS = [60, 54, 54, 9, 4, 91, 11, 67, 79, 2, 25, 92, 98, 83, 66, 2];

const i64 = (values: readonly number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);

for (const target of ['reference', 'cpp:avx512', 'cpp:avx2', 'cpp:generic']) {
  it(`sigrid_hash gives its public vectors on ${target}`, async () => {
    const box = sandbox();
    try {
      box.write('op.ktune', readFileSync(fileURLToPath(new URL('../../ops/sigrid_hash.ktune', import.meta.url))));
      box.write('v.npy', npy('<i8', [16], i64(VECTORS.map((_, i) => i + 1))));
      box.write('off.npy', npy('<i8', [4], i64([0, 3, 3, 16])));
      const inputs = ['v=v.npy', 'off=off.npy', 'salt=0', 'modulus=100'].flatMap((x) => ['--in', x]);
      const ran = await box.ktune(['run', 'op.ktune', ...inputs, '--target', target, '--out-dir', 'out']);
      expect([ran.exit, ran.err]).toEqual([0, '']);
      const bytes = readFileSync(join(box.dir, 'out/o.npy'));
      const values = new BigInt64Array(new Uint8Array(bytes.subarray(bytes.length - 128)).buffer);
      expect([...values].map(Number)).toEqual(VECTORS);
    } finally {
      box.close();
    }
  });
}
