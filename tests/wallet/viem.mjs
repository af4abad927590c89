// A wallet as its developers write it: viem's own smart account and bundler client for OpenZeppelin's ERC-7579 account.
// It knows the account, its owner, its validator module, a node and a bundler, and nothing else.
//
// Prints one JSON document with what it saw.
import { concat, createPublicClient, defineChain, encodeAbiParameters, encodeFunctionData, erc20Abi, http, pad, parseAbi, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import {
  createBundlerClient, entryPoint07Abi, entryPoint07Address, entryPoint08Abi, entryPoint08Address,
  getUserOperationHash, toSmartAccount,
} from 'viem/account-abstraction'

const { NODE_URL, BUNDLER_URL, CHAIN_ID, OWNER_KEY, VALIDATOR, TOKEN } = process.env
const versions = {
  '0.7': { abi: entryPoint07Abi, address: entryPoint07Address, version: '0.7' },
  '0.8': { abi: entryPoint08Abi, address: entryPoint08Address, version: '0.8' },
}
const accounts = { '0.7': process.env.ACCOUNT_V07, '0.8': process.env.ACCOUNT_V08 }

const chain = defineChain({
  id: Number(CHAIN_ID), name: 'local', nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [NODE_URL] } },
})
const client = createPublicClient({ chain, transport: http(NODE_URL), pollingInterval: 100 })
const owner = privateKeyToAccount(OWNER_KEY)
const erc7579 = parseAbi(['function execute(bytes32 mode, bytes executionCalldata) payable'])

// OpenZeppelin's account finds the validator in the 20 highest bytes of the nonce.
const nonceKey = BigInt(VALIDATOR) << 32n

async function smartAccount(version) {
  const entryPoint = versions[version]
  const address = accounts[version]
  let signatures = 0
  const account = await toSmartAccount({
    client,
    entryPoint,
    extend: { signatures: () => signatures },
    getAddress: async () => address,
    getFactoryArgs: async () => ({ factory: undefined, factoryData: undefined }),
    getNonce: async () =>
      client.readContract({ ...entryPoint, functionName: 'getNonce', args: [address, nonceKey] }),
    async encodeCalls(calls) {
      if (calls.length === 1) {
        const [{ to, value = 0n, data = '0x' }] = calls
        const single = concat([to, toHex(value, { size: 32 }), data])
        return encodeFunctionData({ abi: erc7579, args: [pad('0x', { size: 32 }), single] })
      }
      const batch = encodeAbiParameters(
        [{ type: 'tuple[]', components: [{ type: 'address' }, { type: 'uint256' }, { type: 'bytes' }] }],
        [calls.map(({ to, value = 0n, data = '0x' }) => [to, value, data])],
      )
      return encodeFunctionData({ abi: erc7579, args: [pad('0x01', { dir: 'right', size: 32 }), batch] })
    },
    getStubSignature: async () =>
      '0xfffffffffffffffffffffffffffffff0000000000000000000000000000000007aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1c',
    signMessage: ({ message }) => owner.signMessage({ message }),
    signTypedData: (typedData) => owner.signTypedData(typedData),
    async signUserOperation({ chainId = chain.id, ...userOperation }) {
      signatures += 1
      const hash = getUserOperationHash({
        chainId, entryPointAddress: entryPoint.address, entryPointVersion: version,
        userOperation: { ...userOperation, sender: address },
      })
      // v0.8's hash is EIP-712 already; before that it is signed as a message.
      return version === '0.7' ? owner.signMessage({ message: { raw: hash } }) : owner.sign({ hash })
    },
  })
  return account
}

const transfer = (to, amount) => ({ to: TOKEN, abi: erc20Abi, functionName: 'transfer', args: [to, amount] })
const balance = (of) => client.readContract({ address: TOKEN, abi: erc20Abi, functionName: 'balanceOf', args: [of] })
const fresh = () => privateKeyToAccount(generatePrivateKey()).address
// What viem throws while an operation is pending, by the class's name; anything else is a failure of the test.
const orName = (promise) => promise.then((found) => (found ? 'found' : 'nothing'), (error) => error.name)

async function pay(bundler, account, calls) {
  const before = account.signatures()
  const hash = await bundler.sendUserOperation({ calls })
  const pending = [await orName(bundler.getUserOperation({ hash })), await orName(bundler.getUserOperationReceipt({ hash }))]
  const receipt = await bundler.waitForUserOperationReceipt({ hash, pollingInterval: 100, timeout: 60_000 })
  const operation = await bundler.getUserOperation({ hash })
  return {
    hash, pending,
    success: receipt.success,
    sender: receipt.sender,
    receiptHash: receipt.userOpHash,
    transaction: receipt.receipt.transactionHash,
    logs: receipt.logs.length,
    signed: account.signatures() - before,
    foundIn: operation.transactionHash,
    signatureBytes: (operation.userOperation.signature.length - 2) / 2,
  }
}

const seen = {}
for (const version of ['0.8', '0.7']) {
  const account = await smartAccount(version)
  // Prices by viem's own defaults, from the node.
  const plain = createBundlerClient({ account, client, transport: http(BUNDLER_URL), pollingInterval: 100 })
  // Prices as the bundler asks for them, through viem's hook for that.
  const priced = createBundlerClient({
    account, client, transport: http(BUNDLER_URL), pollingInterval: 100,
    userOperation: {
      async estimateFeesPerGas({ bundlerClient }) {
        const { fast } = await bundlerClient.request({ method: 'pimlico_getUserOperationGasPrice' })
        return { maxFeePerGas: BigInt(fast.maxFeePerGas), maxPriorityFeePerGas: BigInt(fast.maxPriorityFeePerGas) }
      },
    },
  })

  const served = await plain.getSupportedEntryPoints()
  const chainId = await plain.getChainId()
  const to = fresh()
  const estimate = await plain.estimateUserOperationGas({ calls: [transfer(to, 10n ** 16n)] })
  const single = await pay(plain, account, [transfer(to, 10n ** 16n)])
  const arrived = (await balance(to)).toString()

  const [first, second] = [fresh(), fresh()]
  const batch = await pay(priced, account, [transfer(first, 2n * 10n ** 16n), transfer(second, 3n * 10n ** 16n)])
  const split = [(await balance(first)).toString(), (await balance(second)).toString()]

  const greedy = fresh()
  const refused = await plain.sendUserOperation({ calls: [transfer(greedy, 101n * 10n ** 18n)] }).then(
    () => ({ code: 'accepted' }),
    (error) => {
      const cause = error.walk((inner) => typeof inner.code === 'number') ?? error
      return { code: cause.code, details: cause.details ?? cause.message, data: cause.data ?? null }
    },
  )
  seen[version] = {
    served, chainId, single, arrived, batch, split, refused,
    greedy: (await balance(greedy)).toString(),
    estimate: Object.fromEntries(Object.entries(estimate).map(([name, gas]) => [name, `${gas}`])),
  }
}
console.log(JSON.stringify(seen))
