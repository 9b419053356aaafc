import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { openBrowser } from './browser/chromium.ts';

/**
 * `node scripts/report-check.ts FILE [SCREENSHOTS]`: opens a report in Chromium as desktop and phone, light and dark, and says what is wrong: messages on
 * the console, requests, content wider than the page, charts without title, unit or text alternative. Exit code 1 if anything is.
 */
const [file = 'ktune-report.html', shots] = process.argv.slice(2);
const VIEWS = [
  { name: 'desktop', width: 1280, height: 900, mobile: false },
  { name: 'phone', width: 390, height: 844, mobile: true },
] as const;

const seen = z.object({
  scrollWidth: z.number(),
  clientWidth: z.number(),
  wide: z.array(z.string()),
  charts: z.number(),
  poor: z.array(z.string()),
  cut: z.array(z.string()),
});
/** Everything that sticks out of the page; charts that lack a caption, a title, a description or the name of a unit; labels outside of their chart. */
const LOOK = `(() => {
  for (const d of document.querySelectorAll('details')) d.open = true;
  const width = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, pre, svg') && e.getBoundingClientRect().right > width + 1);
  const figures = [...document.querySelectorAll('figure')];
  const poor = figures.filter((f) => {
    const svg = f.querySelector(':scope > svg');
    const named = (svg?.getAttribute('aria-labelledby') ?? '').split(' ').every((id) => (document.getElementById(id)?.textContent ?? '').length > 10);
    return !(svg?.getAttribute('role') === 'img' && named && f.querySelector('figcaption')?.textContent && f.querySelector('.unit')?.textContent && f.querySelector('details p')?.textContent);
  });
  const cut = figures.flatMap((f) => { const b = f.querySelector(':scope > svg').getBoundingClientRect();
    return [...f.querySelectorAll(':scope > svg text')].filter((t) => { const r = t.getBoundingClientRect(); return r.left < b.left - 1 || r.right > b.right + 1 || r.top < b.top - 1 || r.bottom > b.bottom + 1; }).map((t) => f.querySelector('figcaption').textContent + ': ' + t.textContent); });
  return JSON.stringify({ scrollWidth: document.documentElement.scrollWidth, clientWidth: width, wide: wide.slice(0, 5).map((e) => e.outerHTML.slice(0, 120)), charts: figures.length,
    poor: poor.map((f) => f.querySelector('figcaption')?.textContent ?? '?'), cut });
})()`;

const page = await openBrowser();
const wrong: string[] = [];
try {
  for (const view of VIEWS)
    for (const scheme of ['light', 'dark']) {
      const name = `${view.name} ${scheme}`;
      await page.send('Emulation.setDeviceMetricsOverride', { ...view, deviceScaleFactor: 1 });
      await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
      await page.open(pathToFileURL(resolve(file)).href);
      if (shots !== undefined) {
        mkdirSync(shots, { recursive: true });
        const { data } = await page.send('Page.captureScreenshot', { captureBeyondViewport: true, format: 'png' });
        writeFileSync(join(shots, `${view.name}-${scheme}.png`), Buffer.from(z.string().parse(data), 'base64'));
      }
      const look = seen.parse(JSON.parse(z.string().parse(await page.evaluate(LOOK))));
      if (look.scrollWidth > look.clientWidth)
        wrong.push(`${name}: ${look.scrollWidth} px wide on a page of ${look.clientWidth}`);
      wrong.push(...look.wide.map((e) => `${name}: sticks out: ${e}`));
      wrong.push(...look.poor.map((t) => `${name}: chart without title, unit or text: ${t}`));
      wrong.push(...look.cut.map((t) => `${name}: label outside of its chart: ${t}`));
      if (look.charts === 0) wrong.push(`${name}: no charts`);
      console.log(`${name}: ${look.charts} charts, ${look.scrollWidth} of ${look.clientWidth} px`);
    }
  wrong.push(...page.complaints.map((c) => `console: ${c}`), ...page.requests.map((r) => `request: ${r}`));
} finally {
  page.close();
}
for (const w of wrong) console.error(w);
process.exitCode = wrong.length === 0 ? 0 : 1;
