// Checks the shared vectors with viem alone: typed-data hashes, signers, and a second reading of the suffix layout.
// usage: node viem.mjs <attestation.json>

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  concat,
  encodeAbiParameters,
  getContractAddress,
  hashDomain,
  hashStruct,
  hashTypedData,
  hexToBigInt,
  keccak256,
  numberToHex,
  recoverAddress,
  size,
  slice,
  toHex,
} from "viem";

const vectors = JSON.parse(readFileSync(process.argv[2], "utf8"));

const fields = (text) =>
  text.split(",").map((field) => {
    const [type, name] = field.trim().split(" ");
    return { type, name };
  });

const types = {
  EIP712Domain: fields("string name,string version,uint256 chainId,address verifyingContract"),
  Attestation: fields(
    "bytes32 action,bytes32 policy,bytes32 evidence,bytes32 bounds,uint64 revision,uint64 epoch,uint64 sequence,uint8 level,uint64 blockNumber,bytes32 blockHash,uint48 validAfter,uint48 validUntil",
  ),
  UserOperationAction: fields(
    "address account,address entryPoint,uint256 nonce,bytes32 initCode,bytes32 callData,bytes32 paymasterAndData,bytes32 accountCode,uint128 callGasLimit,uint256 maxCost",
  ),
  CallAction: fields(
    "address account,address caller,address target,uint256 value,bytes32 callData,uint8 path,uint8 operation,bytes32 context,uint256 nonce",
  ),
  ConfigurationAction: fields("address account,bytes32 oldConfiguration,bytes32 newConfiguration,uint256 nonce"),
  SignatureAction: fields("address account,address requester,bytes32 hash"),
  Denial: fields(
    "bytes32 action,bytes32 policy,bytes32 evidence,uint64 revision,uint64 blockNumber,bytes32 blockHash,bytes32 reasons",
  ),
};

// Quantities are decimal strings in the file; everything else is hex or text.
const message = (object, primaryType) =>
  Object.fromEntries(
    types[primaryType].map(({ name, type }) => [name, type.startsWith("uint") ? BigInt(object[name]) : object[name]]),
  );
const structHash = (object, primaryType) => hashStruct({ data: message(object, primaryType), primaryType, types });
const domainOf = (domain) => ({
  name: "Writ",
  version: "1",
  chainId: BigInt(domain.chainId),
  verifyingContract: domain.module,
});
const digestOf = (domain, object, primaryType) =>
  hashTypedData({ domain: domainOf(domain), types, primaryType, message: message(object, primaryType) });

assert.equal(vectors.magic, slice(keccak256(toHex("WritAttestation")), 0, 8));

for (const item of vectors.cases) {
  const { domain, operation, action, attestation, configuration, operatorSet } = item;
  assert.equal(hashDomain({ domain: domainOf(domain), types }), domain.separator, item.name);

  // The action, from the packed operation.
  const paymaster = operation.paymasterAndData;
  const magic = "0x22e325a297439656";
  let signed = paymaster;
  if (item.version.includes("9") && size(paymaster) > 10 && slice(paymaster, -8) === magic) {
    const length = Number(hexToBigInt(slice(paymaster, -10, -8)));
    signed = concat([slice(paymaster, 0, size(paymaster) - 10 - length), magic]);
  }
  assert.equal(action.account, operation.sender);
  assert.equal(action.entryPoint, configuration.entryPoint);
  assert.equal(action.initCode, keccak256(operation.initCode));
  assert.equal(action.callData, keccak256(operation.callData));
  assert.equal(action.paymasterAndData, keccak256(signed), `${item.name}: paymasterAndData`);
  assert.equal(structHash(action, "UserOperationAction"), item.actionHash);

  // The statement.
  assert.equal(attestation.action, item.actionHash);
  assert.equal(attestation.policy, configuration.policy);
  assert.equal(attestation.bounds, keccak256(item.bounds));
  assert.equal(structHash(attestation, "Attestation"), item.attestationHash);
  assert.equal(digestOf(domain, attestation, "Attestation"), item.digest);

  // The suffix, byte by byte.
  const uint = (value, bytes) => numberToHex(BigInt(value), { size: bytes });
  // The size byte: how many bounds, and how many of them have a word more.
  const kinds = [];
  for (let at = 0; at < size(item.bounds); ) {
    const kind = Number(hexToBigInt(slice(item.bounds, at, at + 1)));
    kinds.push(kind);
    at += kind < 4 ? 37 : 69;
  }
  const longer = kinds.filter((kind) => kind > 3).length;
  const body = concat([
    "0x0101",
    uint(attestation.level, 1),
    uint(attestation.revision, 8),
    uint(attestation.epoch, 8),
    uint(attestation.sequence, 8),
    uint(attestation.blockNumber, 8),
    attestation.blockHash,
    uint(attestation.validAfter, 6),
    uint(attestation.validUntil, 6),
    uint(action.maxCost, 16),
    attestation.evidence,
    uint((longer << 4) | kinds.length, 1),
    item.bounds,
    uint(item.signers.length, 1),
    item.signatures,
  ]);
  assert.equal(size(body), 129 + 37 * kinds.length + 32 * longer + 65 * item.signers.length);
  assert.equal(item.suffix, concat([body, uint(size(body), 2), vectors.magic]));
  assert.equal(operation.signature, concat([operation.ownerSignature, item.suffix]));

  // The signers.
  assert.equal(item.signers.length, Number(configuration.threshold));
  for (const [position, index] of item.signers.entries()) {
    const packed = slice(item.signatures, 65 * position, 65 * (position + 1));
    assert.equal(Number(hexToBigInt(slice(packed, 0, 1))), Number(index));
    const vs = hexToBigInt(slice(packed, 33));
    const signature = {
      r: slice(packed, 1, 33),
      s: numberToHex(vs & ((1n << 255n) - 1n), { size: 32 }),
      yParity: Number(vs >> 255n),
    };
    const signer = await recoverAddress({ hash: item.digest, signature });
    assert.equal(signer.toLowerCase(), operatorSet.operators[Number(index)].toLowerCase(), `${item.name}: signer ${index}`);
  }

  // The operator set.
  assert.equal(operatorSet.code, concat(["0x00", ...operatorSet.operators]).toLowerCase());
  assert.equal(configuration.operatorSetCodeHash, keccak256(operatorSet.code));
  const address = getContractAddress({
    opcode: "CREATE2",
    from: "0x4e59b44847b379578588920cA78FbF26c0B4956C",
    salt: numberToHex(0, { size: 32 }),
    bytecode: operatorSet.creationCode,
  });
  assert.equal(address.toLowerCase(), configuration.operatorSet.toLowerCase());

  // The configuration.
  const layout = fields(
    "address owner,address ownerValidator,address entryPoint,address registry,address operatorSet,bytes32 operatorSetCodeHash,bytes32 policy,uint8 threshold,uint8 leastOperators,uint8 level,uint8 mode,uint32 exitDelay,uint64 epoch,bool readsHistory",
  );
  const values = layout.map(({ name, type }) =>
    type.startsWith("uint") ? (/^uint(8|32)$/.test(type) ? Number : BigInt)(configuration[name]) : configuration[name],
  );
  assert.equal(keccak256(encodeAbiParameters(layout, values)), configuration.hash);
}

const { others } = vectors;
assert.equal(structHash(others.callAction, "CallAction"), others.callActionHash);
assert.equal(structHash(others.configurationAction, "ConfigurationAction"), others.configurationActionHash);
assert.equal(structHash(others.signatureAction, "SignatureAction"), others.signatureActionHash);
const reasons = concat([
  numberToHex(others.reasons.length, { size: 4 }),
  ...others.reasons.flatMap((reason) => [numberToHex(size(toHex(reason)), { size: 4 }), toHex(reason)]),
]);
assert.equal(others.denial.reasons, keccak256(reasons));
assert.equal(digestOf(others.domain, others.denial, "Denial"), others.denialDigest);

console.log(`viem agrees on ${vectors.cases.length} attestations and 4 other structs`);
