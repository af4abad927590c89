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
  "WritSimpleAccount",
  "WritDelegate",
  "WritLens",
  "WritOperatorRegistry",
  "PolicyRegistry",
  "WritDisputes",
  "PolicyVM",
  "PolicyCheck",
  "ContractOwner",
  "WeightedOwners",
  "WritSafeGuard",
  "IWritGuarded",
  "DevAccount",
  "DevGuardedVault",
  "DevPaymaster",
  "DevToken",
  "DevWindowValidator",
  "PlainOwnerValidator",
];

// Tokens that only tests have: built by themselves, so that they change nothing in what ships.
const MOCKS = "solidity/test/mocks/Assets.sol";
const TOKENS = ["Cards", "Coins"];

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

function compiled(what, ...args) {
  const place = join(build, what);
  const folders = ["--out", join(place, "out"), "--cache-path", join(place, "cache")];
  execFileSync(forge, ["build", "--force", ...args, ...folders], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  return (source, name) => JSON.parse(readFileSync(join(place, "out", `${source}.sol`, `${name}.json`), "utf8"));
}

function commit(name, abi, bytecode) {
  const text = JSON.stringify({ contractName: name, abi, bytecode }, null, 1) + "\n";
  const path = join(committed, `${name}.json`);
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  different.push(name);
  if (!check) writeFileSync(path, text);
}

try {
  const shipped = compiled("src", "--skip", "test", "--skip", "script");
  mkdirSync(committed, { recursive: true });
  for (const name of CONTRACTS) {
    const described = INTERFACES[name] ?? name;
    commit(name, shipped(described, described).abi, shipped(name, name).bytecode.object);
  }
  const tokens = compiled("tokens", MOCKS);
  for (const name of TOKENS) {
    const { abi, bytecode } = tokens("Assets", name);
    commit(name, abi, bytecode.object);
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
