// Holds the storage layout of every contract that keeps something against solidity/snapshots/layouts.txt, which is written anew
// with `node script/toolchain/layouts.mjs --write`. Accounts and proxies outlive a version: a slot that moves is found here.
import { readFileSync, writeFileSync } from "node:fs";

const SNAPSHOT = new URL("../../solidity/snapshots/layouts.txt", import.meta.url);
// File and contract. ERC-7201 namespaces are in no compiler's output: a contract of the tests has the struct as a variable.
const CONTRACTS = [
  // The second runs on the storage of the first: their layouts are one, which is compared below as well.
  ["WritModule.sol", "WritModule"],
  ["WritSettings.sol", "WritSettings"],
  ["WritSafeGuard.sol", "WritSafeGuard"],
  ["WritOperatorRegistry.sol", "WritOperatorRegistry"],
  ["PolicyRegistry.sol", "PolicyRegistry"],
  ["WritDisputes.sol", "WritDisputes"],
  ["WritSimpleAccount.sol", "WritSimpleAccount"],
  ["WritDelegate.sol", "WritDelegate"],
  ["Layouts.sol", "GuardedNamespace"],
  ["DevVault.sol", "DevVault"],
  ["DevGuardedVault.sol", "DevGuardedVault"],
];

function lines(variables, types, indent, structs) {
  return variables.flatMap(({ label, slot, offset, type }) => {
    const { label: typeName, numberOfBytes } = types[type];
    collect(type, types, structs);
    return `${indent}slot ${slot}, byte ${offset}, ${numberOfBytes} bytes: ${typeName} ${label}`;
  });
}

/** The structs that a type holds, wherever they are in it, each once. */
function collect(type, types, structs) {
  const { members, value, base, key, label } = types[type];
  if (members && !structs.has(label)) {
    structs.set(label, []);
    structs.set(label, lines(members, types, "    ", structs));
  }
  for (const inner of [value, base, key]) if (inner) collect(inner, types, structs);
}

const text = CONTRACTS.map(([file, name]) => {
  const path = new URL(`../../solidity/out/${file}/${name}.json`, import.meta.url);
  const { storageLayout } = JSON.parse(readFileSync(path, "utf8"));
  const structs = new Map();
  const own = lines(storageLayout.storage, storageLayout.types ?? {}, "  ", structs);
  const inner = [...structs].flatMap(([label, members]) => [`  ${label}`, ...members]);
  return [name, ...own, ...inner].join("\n") + "\n";
}).join("\n");

const [module, settings] = text.split("\n\n").map((one) => one.split("\n").slice(1).join("\n"));
if (module !== settings) {
  console.error("WritModule and WritSettings lay their storage out in different ways");
  process.exit(1);
}

if (process.argv.includes("--write")) writeFileSync(SNAPSHOT, text);
const expected = readFileSync(SNAPSHOT, "utf8");
if (text !== expected) {
  console.error(`storage layouts are not those of solidity/snapshots/layouts.txt, but\n\n${text}`);
  process.exit(1);
}
console.log(`storage layouts: ${CONTRACTS.length} contracts as committed`);
