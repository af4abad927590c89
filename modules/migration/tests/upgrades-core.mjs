// Verdicts of OpenZeppelin's upgrades-core on pairs of contracts. Standard input: { sources: {name: text}, pairs: [[before, after]] },
// contracts as source:Name. Standard output, for each pair: { safe, why }; safe is null where there is no verdict.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const solc = require("solc");
const { astDereferencer } = require("solidity-ast/utils");
const core = "@openzeppelin/upgrades-core";
const { silenceWarnings, solcInputOutputDecoder, getStorageUpgradeReport, withValidationDefaults } = require(core);
const { extractStorageLayout } = require(`${core}/dist/storage/extract`);
const { makeNamespacedInput } = require(`${core}/dist/utils/make-namespaced`);
// It warns of `layout at` beside namespaces, which decides nothing.
silenceWarnings();

const { sources, pairs } = JSON.parse(readFileSync(0, "utf8"));
const selection = { "*": { "": ["ast"], "*": ["storageLayout"] } };

function compile(input) {
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const error = (output.errors ?? []).find(({ severity }) => severity === "error");
  if (error) throw new Error(error.formattedMessage);
  return output;
}

const input = {
  language: "Solidity",
  sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
  settings: { evmVersion: "cancun", outputSelection: selection },
};
const output = compile(input);
const namespacedInput = makeNamespacedInput(input, output);
namespacedInput.settings = { evmVersion: "cancun", outputSelection: selection };
const namespaced = compile(namespacedInput);
const decode = solcInputOutputDecoder(input, output);

function context(compiled, target) {
  const [source, name] = target.split(":");
  const { nodes } = compiled.sources[source].ast;
  const contractDef = nodes.find((node) => node.nodeType === "ContractDefinition" && node.name === name);
  const { storageLayout } = compiled.contracts[source][name];
  return { deref: astDereferencer(compiled), contractDef, storageLayout };
}

function layout(target) {
  const own = context(output, target);
  return extractStorageLayout(own.contractDef, decode, own.deref, own.storageLayout, context(namespaced, target));
}

const verdicts = pairs.map(([before, after]) => {
  try {
    const report = getStorageUpgradeReport(layout(before), layout(after), withValidationDefaults({}));
    return { safe: report.pass, why: report.pass ? "" : report.explain(false).split("\n")[0] };
  } catch (error) {
    // Namespaces that are declared twice and the like are refused before there is a report; what it cannot follow as well.
    return { safe: /Recursive types/.test(error.message) ? null : false, why: error.message.split("\n")[0] };
  }
});
process.stdout.write(JSON.stringify(verdicts));
