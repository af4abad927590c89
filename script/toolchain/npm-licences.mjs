// Every npm package that is compiled into Writ's contracts carries a licence of the allow-list.
// Packages under "devDependencies" are test tools: they are run or deployed, never linked or shipped.
import { readFileSync } from "node:fs";

const ALLOWED = new Set(["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "CC0-1.0", "Zlib", "MPL-2.0"]);
const root = new URL("../../", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, root), "utf8"));

const refused = [];
const shipped = Object.keys(read("package.json").dependencies);
for (const name of shipped) {
  const { license } = read(`node_modules/${name}/package.json`);
  if (!ALLOWED.has(license)) refused.push(`${name}: ${license ?? "no licence named"}`);
}
if (refused.length > 0) {
  console.error(`npm packages outside the licence allow-list:\n  ${refused.join("\n  ")}`);
  process.exit(1);
}
console.log(`licences ok: ${shipped.join(", ")}`);
