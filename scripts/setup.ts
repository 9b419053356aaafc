import { execaSync } from 'execa';
import { installTriton } from '../src/backends/triton/toolchain.ts';

/** What the tests need besides the npm packages: a C++ compiler, and Python with Triton. Installs it where that is possible without asking. */
const works = (command: string, ...args: string[]): boolean =>
  !execaSync(command, args.length === 0 ? ['--version'] : args, { reject: false }).failed;
function need(packages: readonly string[], what: string): void {
  const root = process.getuid?.() === 0;
  if (root && works('apt-get')) {
    execaSync('apt-get', ['update'], { stdio: 'inherit' });
    execaSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { stdio: 'inherit' });
    return;
  }
  console.error(`${what}: install ${packages.join(', ')} (Debian, Ubuntu: apt-get install) and run this again.`);
  process.exit(4);
}

if (!works('g++') && !works('clang++')) need(['g++'], 'The tests compile C++');
if (!works('python3', '-c', 'import venv, ensurepip'))
  need(['python3', 'python3-venv'], 'The tests of Triton modules run Python');
const problem = await installTriton();
if (problem !== undefined) {
  console.error(`Triton could not be installed:\n${problem}`);
  process.exit(4);
}
