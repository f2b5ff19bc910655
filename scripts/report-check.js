// The browser's part of report-check.
"use strict";
const fs = require("fs");
const path = require("path");
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [360, 768, 1280];
const SCHEMES = ["light", "dark"];
let faults = 0;

function fault(page, what) {
  faults++;
  console.log(`FAULT ${page}: ${what}`);
}

// What overflows sideways although it is in no region that scrolls.
function overflow() {
  const root = document.documentElement;
  const wide = [...document.body.querySelectorAll("*")].filter((e) =>
    e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest(".scroll, pre, svg"));
  return {
    by: root.scrollWidth - root.clientWidth,
    elements: wide.slice(0, 3).map((e) => `${e.tagName} ${e.textContent.slice(0, 40)}`),
  };
}

async function look(browser, file, folder, name, width, scheme) {
  const where = `${name} at ${width} px, ${scheme}`;
  const page = await browser.newPage();
  const address = "file://" + path.resolve(file);
  page.on("request", (r) => {
    if (r.url() !== address && !r.url().startsWith("data:")) fault(where, `asks for ${r.url()}`);
  });
  page.on("console", (m) => fault(where, `console: ${m.text()}`));
  page.on("dialog", (d) => { fault(where, `a dialog: ${d.message()}`); d.dismiss(); });
  await page.setViewport({ width, height: 900, isMobile: width < 600, hasTouch: width < 600 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(address, { waitUntil: "load" });
  const sideways = await page.evaluate(overflow);
  if (sideways.by > 0) fault(where, `scrolls sideways by ${sideways.by} px: ${sideways.elements}`);
  const ids = await page.evaluate(() => {
    const all = [...document.querySelectorAll("[id]")].map((e) => e.id);
    return all.filter((id, i) => all.indexOf(id) !== i).slice(0, 3);
  });
  if (ids.length > 0) fault(where, `ids that are there twice: ${ids}`);
  if (width !== 768) {
    // Outside the page's own policy, as a reader's tool would be.
    await page.setBypassCSP(true);
    await page.reload({ waitUntil: "load" });
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const v of found.violations) {
      fault(where, `axe ${v.id} (${v.impact}): ${v.help}; ${v.nodes.length} times, first ` +
        `${v.nodes[0].target} ${v.nodes[0].failureSummary.replace(/\s+/g, " ").slice(0, 160)}`);
    }
  }
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.screenshot({
    path: path.join(folder, `${name}-${width}-${scheme}.png`),
    clip: { x: 0, y: 0, width, height: Math.min(height, 6000) },
    captureBeyondViewport: true,
  });
  await page.close();
}

async function print(browser, file, folder, name) {
  const page = await browser.newPage();
  await page.goto("file://" + path.resolve(file), { waitUntil: "load" });
  await page.pdf({ path: path.join(folder, `${name}.pdf`), format: "A4", preferCSSPageSize: true });
  await page.close();
}

(async () => {
  const [folder, ...files] = process.argv.slice(2);
  fs.mkdirSync(folder, { recursive: true });
  const browser = await puppeteer.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
  });
  for (const file of files) {
    const folderName = path.basename(path.dirname(path.resolve(file)));
    for (const width of WIDTHS) {
      for (const scheme of SCHEMES) await look(browser, file, folder, folderName, width, scheme);
    }
    await print(browser, file, folder, folderName);
    console.log(`${file}: looked at`);
  }
  await browser.close();
  console.log(faults === 0 ? "no faults" : `${faults} faults`);
  process.exit(faults === 0 ? 0 : 1);
})().catch((e) => { console.error(e); process.exit(2); });
