import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';

/** Builds `dist`: compiled sources plus the templates they load. */
rmSync('dist', { recursive: true, force: true });
execaSync('tsc', ['-p', 'tsconfig.build.json'], { preferLocal: true, stdio: 'inherit' });
for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith('.ts')) continue;
  const from = join(entry.parentPath, entry.name);
  cpSync(from, from.replace(/^src/, 'dist'));
}
