#!/usr/bin/env node
// Writes what solidity/src compiles to into solidity/bindings/abi, from where the Rust bindings are made.
// With --check it writes nothing and fails when the committed files differ.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

// What the module answers by its settings contract stands in its interface alone.
const INTERFACES = { WritModule: "IWritModule" };
const CONTRACTS = [
  "WritModule",
  "WritLens",
  "WritOperatorRegistry",
  "ContractOwner",
  "WeightedOwners",
  "DevAccount",
  "DevPaymaster",
  "DevToken",
  "DevWindowValidator",
  "PlainOwnerValidator",
];

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const committed = join(root, "solidity", "bindings", "abi");
const forge = join(root, "node_modules", ".bin", "forge");
const check = process.argv.includes("--check");

if (!existsSync(forge)) {
  console.error("forge is not installed: run `npm ci` in the root of Writ");
  process.exit(1);
}

// Always all of solidity/src and nothing else: with via-IR the set of sources can show in the bytecode.
const build = mkdtempSync(join(tmpdir(), "writ-bindings-"));
const different = [];
try {
  execFileSync(
    forge,
    ["build", "--force", "--skip", "test", "--skip", "script", "--out", join(build, "out"), "--cache-path", join(build, "cache")],
    { cwd: root, stdio: ["ignore", "ignore", "inherit"] },
  );
  mkdirSync(committed, { recursive: true });
  for (const name of CONTRACTS) {
    const artifact = JSON.parse(readFileSync(join(build, "out", `${name}.sol`, `${name}.json`), "utf8"));
    const described = INTERFACES[name] ?? name;
    const { abi } = JSON.parse(readFileSync(join(build, "out", `${described}.sol`, `${described}.json`), "utf8"));
    const text =
      JSON.stringify({ contractName: name, abi, bytecode: artifact.bytecode.object }, null, 1) + "\n";
    const path = join(committed, `${name}.json`);
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    different.push(name);
    if (!check) writeFileSync(path, text);
  }
} finally {
  rmSync(build, { recursive: true, force: true });
}

if (different.length === 0) {
  console.log("the bindings are what the sources compile to");
} else if (check) {
  console.error(`out of date: ${different.join(", ")}; run \`node script/toolchain/bindings.mjs\``);
  process.exit(1);
} else {
  console.log(`written: ${different.join(", ")}`);
}
