import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** A page in a headless browser, driven by the DevTools protocol. */
export interface Page {
  /** What the page complained about: console errors, exceptions, blocked or failed requests. */
  readonly complaints: readonly string[];
  /** Requests other than that for the page itself and `data:` URLs. */
  readonly requests: readonly string[];
  send(method: string, params?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  /** The value of an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** Loads a URL and waits until it is done. */
  open(url: string): Promise<void>;
  close(): void;
}

const message = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** Starts Chromium (CHROMIUM, or `chromium` on the path); throws where there is none. */
export async function openBrowser(): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'ktune-chromium-'));
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-port=0'];
  const child = spawn(process.env['CHROMIUM'] ?? 'chromium', [...args, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = await new Promise<string>((done, fail) => {
    let text = '';
    child.once('error', fail);
    child.once('exit', () => fail(new Error(`chromium ended: ${text.slice(-500)}`)));
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (found !== undefined) done(found);
    });
  });
  const targets = z
    .array(z.object({ type: z.string(), webSocketDebuggerUrl: z.string() }))
    .parse(await (await fetch(`http://${new URL(address).host}/json`)).json());
  const url = targets.find((t) => t.type === 'page')?.webSocketDebuggerUrl ?? address;
  const socket = new WebSocket(url);
  await new Promise((done, fail) => {
    socket.addEventListener('open', done, { once: true });
    socket.addEventListener('error', fail, { once: true });
  });
  const complaints: string[] = [];
  const requests: string[] = [];
  const waiting = new Map<number, (m: z.infer<typeof message>) => void>();
  let loaded = (): void => {};
  socket.addEventListener('message', (event) => {
    const m = message.parse(JSON.parse(String(event.data)));
    if (m.id !== undefined) waiting.get(m.id)?.(m);
    const about = JSON.stringify(m.params ?? {});
    if (m.method === 'Page.loadEventFired') loaded();
    if (m.method === 'Runtime.exceptionThrown' || m.method === 'Network.loadingFailed') complaints.push(about);
    if (m.method === 'Log.entryAdded' && /"level":"(error|warning)"/.test(about)) complaints.push(about);
    if (m.method === 'Runtime.consoleAPICalled' && /"type":"(error|warning|assert)"/.test(about))
      complaints.push(about);
    if (m.method === 'Network.requestWillBeSent') {
      const asked = /"url":"([^"]*)"/.exec(about)?.[1] ?? '';
      if (!asked.startsWith('data:') && !/"type":"Document"/.test(about)) requests.push(asked);
    }
  });
  let next = 1;
  const send: Page['send'] = (method, params = {}) =>
    new Promise((done, fail) => {
      const id = next++;
      waiting.set(id, (m) => (m.error === undefined ? done(m.result ?? {}) : fail(new Error(m.error.message))));
      socket.send(JSON.stringify({ id, method, params }));
    });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);
  return {
    complaints,
    requests,
    send,
    async evaluate(expression) {
      const { result } = await send('Runtime.evaluate', { expression, returnByValue: true });
      return z.object({ value: z.unknown() }).parse(result).value;
    },
    async open(to) {
      const done = new Promise<void>((resolve) => (loaded = resolve));
      await send('Page.navigate', { url: to });
      await done;
    },
    close() {
      socket.close();
      child.kill();
      child.once('exit', () => rmSync(profile, { recursive: true, force: true }));
    },
  };
}
