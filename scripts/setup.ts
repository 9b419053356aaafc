import { execaSync } from 'execa';

/** What the tests need besides the npm packages: a C++ compiler. Installs it where that is possible without asking. */
const works = (command: string): boolean => !execaSync(command, ['--version'], { reject: false }).failed;

if (!works('g++') && !works('clang++')) {
  const root = process.getuid?.() === 0;
  if (root && works('apt-get')) {
    execaSync('apt-get', ['update'], { stdio: 'inherit' });
    execaSync('apt-get', ['install', '-y', '--no-install-recommends', 'g++'], { stdio: 'inherit' });
  } else {
    console.error('The tests compile C++: install g++ (Debian, Ubuntu: apt-get install g++) and run this again.');
    process.exit(4);
  }
}
