// docs/threat-model.md names for each property the tests that hold it: each of them exists, each property has one, and what is
// proved symbolically or held as an invariant is told there.
import { readFileSync, readdirSync } from "node:fs";

const DOCUMENT = "docs/threat-model.md";
const root = new URL("../../", import.meta.url);

const tests = new Set();
for (const entry of readdirSync(new URL("solidity/test", root), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith(".sol")) continue;
  let contract = "";
  for (const line of readFileSync(`${entry.parentPath ?? entry.path}/${entry.name}`, "utf8").split("\n")) {
    contract = /^(?:abstract )?contract (\w+)/.exec(line)?.[1] ?? contract;
    const name = /^ {4}function ((?:test|testFuzz|invariant|check)_\w+)/.exec(line)?.[1];
    if (name) tests.add(`${contract}.${name}`);
  }
}

const problems = [];
const named = new Set();
for (const section of readFileSync(new URL(DOCUMENT, root), "utf8").split(/^(?=\*\*P\d+)/m).slice(1)) {
  const property = /^\*\*(P\d+)/.exec(section)[1];
  const held = [...section.matchAll(/`(\w+\.(?:test|testFuzz|invariant|check)_\w+)`/g)].map(([, name]) => name);
  if (held.length === 0) problems.push(`${property} names no test`);
  for (const name of held) {
    named.add(name);
    if (!tests.has(name)) problems.push(`${property} names ${name}, which does not exist`);
  }
}
for (const name of tests) {
  if (/\.(invariant|check)_/.test(name) && !named.has(name)) problems.push(`${name} is told nowhere`);
}
if (problems.length > 0) {
  console.error(`${DOCUMENT}:\n  ${problems.join("\n  ")}`);
  process.exit(1);
}
console.log(`threat model: ${named.size} tests named, of ${tests.size}`);
