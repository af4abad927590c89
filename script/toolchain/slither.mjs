// Runs slither over the contracts that ship, and holds what it finds against the answers in docs/slither.md: each finding has
// an answer there, and each answer a finding. Findings are named by detector and element, not by line.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ANSWERS = "docs/slither.md";
const root = new URL("../../", import.meta.url);

const { status, stdout, stderr } = spawnSync("slither", [".", "--config-file", "solidity/slither.config.json", "--json", "-"], {
  cwd: root,
  env: { ...process.env, FOUNDRY_PROFILE: "slither" },
  encoding: "utf8",
  maxBuffer: 1 << 28,
});
let report;
try {
  report = JSON.parse(stdout);
} catch {
  console.error(`slither gave no report (exit code ${status})\n${stderr}`);
  process.exit(1);
}
if (!report.success) {
  console.error(`slither failed: ${report.error}`);
  process.exit(1);
}

/** The function or contract that a finding is about, as `Contract.function`, or the file where it is neither. */
function named(element) {
  const parent = element.type_specific_fields?.parent;
  const isWhole = element.type === "function" || element.type === "contract";
  if (parent && !isWhole) return named(parent);
  if (parent?.type === "contract") return `${parent.name}.${element.name}`;
  return element.name;
}

const found = new Map();
for (const { check, elements, description } of report.results.detectors ?? []) {
  found.set(`${check}|${elements.length > 0 ? named(elements[0]) : ""}`, description.trim());
}

const answers = new Set();
for (const line of readFileSync(new URL(ANSWERS, root), "utf8").split("\n")) {
  const everywhere = /^- `([a-z0-9-]+)` everywhere: ./.exec(line);
  const one = /^- `([a-z0-9-]+)` in ((?:`[\w.]+`(?:, )?)+): ./.exec(line);
  if (everywhere) answers.add(`${everywhere[1]}|*`);
  if (one) for (const [, element] of one[2].matchAll(/`([\w.]+)`/g)) answers.add(`${one[1]}|${element}`);
}

const used = new Set();
const unanswered = [];
for (const [id, description] of found) {
  const all = `${id.split("|")[0]}|*`;
  if (answers.has(id)) used.add(id);
  else if (answers.has(all)) used.add(all);
  else unanswered.push(`${id.replace("|", " in ")}:\n    ${description.replaceAll("\n", "\n    ")}`);
}
const stale = [...answers].filter((id) => !used.has(id)).map((id) => id.replace("|", " in "));

if (unanswered.length > 0) console.error(`slither found what ${ANSWERS} does not answer:\n  ${unanswered.join("\n  ")}`);
if (stale.length > 0) console.error(`${ANSWERS} answers what slither no longer finds:\n  ${stale.join("\n  ")}`);
if (unanswered.length + stale.length > 0) process.exit(1);
console.log(`slither: ${report.results.detectors?.length ?? 0} findings, each answered in ${ANSWERS}`);
