// Wallets of the published accounts, as their developers write them: viem's own EIP-7702 account on EntryPoint v0.8 and
// v0.9, and SimpleAccount on v0.6. They know the account, its owner, a node and a bundler, and nothing else.
//
// Prints one JSON document with what it saw.
import { createPublicClient, createWalletClient, defineChain, encodeFunctionData, http, parseAbi } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import {
  createBundlerClient, entryPoint06Abi, entryPoint06Address, getUserOperationHash, toSimple7702SmartAccount, toSmartAccount,
} from 'viem/account-abstraction'

const { NODE_URL, BUNDLER_URL, CHAIN_ID, OWNER_KEY, FACTORY_V06, IMPLEMENTATIONS, FRIEND } = process.env
const chain = defineChain({
  id: Number(CHAIN_ID), name: 'local', nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [NODE_URL] } },
})
const owner = privateKeyToAccount(OWNER_KEY)
const client = createPublicClient({ chain, transport: http(NODE_URL), pollingInterval: 100 })
const signer = createWalletClient({ account: owner, chain, transport: http(NODE_URL) })
const simple = parseAbi([
  'function execute(address target, uint256 value, bytes data)',
  'function createAccount(address owner, uint256 salt)',
  'function getAddress(address owner, uint256 salt) view returns (address)',
])
const STUB =
  '0xfffffffffffffffffffffffffffffff0000000000000000000000000000000007aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1c'

async function simpleAccount() {
  const salt = 11n
  const entryPoint = { abi: entryPoint06Abi, address: entryPoint06Address, version: '0.6' }
  const address = await client.readContract({
    address: FACTORY_V06, abi: simple, functionName: 'getAddress', args: [owner.address, salt],
  })
  return toSmartAccount({
    client, entryPoint,
    getAddress: async () => address,
    getFactoryArgs: async () => ({
      factory: FACTORY_V06,
      factoryData: encodeFunctionData({ abi: simple, functionName: 'createAccount', args: [owner.address, salt] }),
    }),
    encodeCalls: async ([{ to, value = 0n, data = '0x' }]) =>
      encodeFunctionData({ abi: simple, functionName: 'execute', args: [to, value, data] }),
    getStubSignature: async () => STUB,
    signMessage: ({ message }) => owner.signMessage({ message }),
    signTypedData: (typedData) => owner.signTypedData(typedData),
    async signUserOperation({ chainId = chain.id, ...userOperation }) {
      const hash = getUserOperationHash({
        chainId, entryPointAddress: entryPoint.address, entryPointVersion: '0.6',
        userOperation: { ...userOperation, sender: address },
      })
      return owner.signMessage({ message: { raw: hash } })
    },
  })
}

async function pay(account, more = {}) {
  const bundler = createBundlerClient({ account, client, transport: http(BUNDLER_URL), pollingInterval: 100 })
  const hash = await bundler.sendUserOperation({ calls: [{ to: FRIEND, value: 1n }], ...more })
  const receipt = await bundler.waitForUserOperationReceipt({ hash, pollingInterval: 100, timeout: 60_000 })
  const found = await bundler.getUserOperation({ hash })
  const transaction = await client.getTransaction({ hash: receipt.receipt.transactionHash })
  return {
    success: receipt.success, sender: receipt.sender, type: transaction.type,
    initCode: found.userOperation.initCode ?? null, factory: found.userOperation.factory ?? null,
  }
}

const seen = {}
const old = await simpleAccount()
await client.request({ method: 'anvil_setBalance', params: [old.address, '0xde0b6b3a7640000'] })
seen['0.6'] = [await pay(old), await pay(old)]
for (const [version, implementation] of Object.entries(JSON.parse(IMPLEMENTATIONS))) {
  const account = await toSimple7702SmartAccount({ client, owner, entryPoint: version, implementation })
  // Re-delegated for the second version: another delegate, and the account's next nonce.
  const authorization = await signer.signAuthorization({ contractAddress: implementation })
  seen[version] = [await pay(account, { authorization }), await pay(account)]
}
console.log(JSON.stringify(seen))
