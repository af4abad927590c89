//! Every kind of bound through the bundler, on accounts of every kind: estimated with a stub, attested, included as decided;
//! and stopped by the hook when the chain has changed meanwhile.

use std::slice::from_ref;

use alloy::{
    primitives::{Address, Bytes, U256, address},
    sol,
    sol_types::{SolCall, SolValue},
};
use serde_json::json;
use writ_attestation::{AccountKind, MAX_BOUNDS, Suffix};
use writ_bindings::{
    Cards, Coins, DevToken, EntryPoint as EntryPointAbi, Erc20, WritModule, erc7579::Execution,
    installation_data,
};
use writ_node::dev::{CHAIN_ID, Wallet, tokens};
use writ_policy::{PolicyStore, policy_commitment};
use writ_tests::{
    INCLUSION_LIMIT, Node, World, built_in_encodings, create_account, ether, eventually,
    execute_in, module_key, nonce_of, root, single, under_hook, versions_of,
};
use writ_types::{EntryPoint, UserOperation};

sol! {
    function setApprovalForAll(address operator, bool approved);
    function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data);
    function transferFrom(address from, address to, uint256 id);
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const DENIED: i64 = -32532;
const NO_QUORUM: i64 = -32534;
const FRIEND: Address = Address::repeat_byte(0xf1);
const STRANGER: Address = Address::repeat_byte(0xf2);
/// A contract that takes as many cards of its caller as its code says.
const PUPPET: Address = address!("00000000000000000000000000000000000b0b0b");

/// One account under the policy `counterparty`, which lets everything go to [`FRIEND`] and nothing to anybody else.
struct Stage<'a> {
    world: &'a World,
    node: &'a Node,
    kind: AccountKind,
    wallet: Wallet,
    cards: Address,
    coins: Address,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_bound_holds_on_every_kind_of_account() {
    let world = World::start(PROGRAM).await;
    let mut node = Node::new(world.network.chain.url().clone());
    let cards = node.create(&Cards::BYTECODE).await;
    let coins = node.create(&Coins::BYTECODE).await;
    for kind in AccountKind::ALL {
        println!("{}", kind.name());
        let entry_point = EntryPoint::canonical(versions_of(kind)[0]);
        let wallet = account(&world, &mut node, kind, entry_point, [cards, coins]).await;
        let stage = Stage { world: &world, node: &node, kind, wallet, cards, coins };
        stage.each_by_itself().await;
        stage.all_at_once().await;
        stage.denied().await;
        stage.changed_meanwhile().await;
    }
}

async fn account(
    world: &World,
    node: &mut Node,
    kind: AccountKind,
    entry_point: EntryPoint,
    [cards, coins]: [Address; 2],
) -> Wallet {
    let stage = &world.network.stage;
    let policies = PolicyStore::open(&root().join("policies")).expect("the policies of the tree");
    let policy = policies.by_name("counterparty").expect("it is in the tree");
    let contracts = [stage.token, cards, coins, entry_point.address, PUPPET];
    let parameters = json!({
        "recipients": [format!("{FRIEND:#x}")],
        "contracts": contracts.map(|contract| format!("{contract:#x}")),
        "denied": [], "validFor": 300,
    });
    let parameters = policy.parameters_from_json(&parameters.to_string()).expect("they fit");
    let reference = WritModule::PolicyReference {
        policyId: policy.policy_id(),
        parameters: parameters.encoded().to_vec().into(),
    };
    let mut configuration = stage.configuration_v08.clone();
    configuration.entryPoint = entry_point.address;
    configuration.policy = policy_commitment(&[(policy.policy_id(), parameters.hash())]);
    configuration.readsHistory = false;
    let data = installation_data(&configuration, &[reference]);
    let account = create_account(node, kind, entry_point, data);
    node.set_balance(account, ether(1)).await;
    let mint = DevToken::mintCall { to: account, amount: tokens(10) };
    node.send(stage.token, mint.abi_encode().into(), U256::ZERO).await;
    for id in 0..4_u64 {
        let mint = Cards::mintCall { to: account, id: card(account, id) };
        node.send(cards, mint.abi_encode().into(), U256::ZERO).await;
    }
    for id in 1..=3_u64 {
        let (id, amount) = (U256::from(id), U256::from(100));
        let mint = Coins::mintCall { to: account, id, amount };
        node.send(coins, mint.abi_encode().into(), U256::ZERO).await;
    }
    let deposit = EntryPointAbi::depositToCall { account };
    node.send(entry_point.address, deposit.abi_encode().into(), ether(1)).await;
    let (owner, url) = (world.network.owner.clone(), world.network.chain.url().clone());
    Wallet::new(account, entry_point, stage.module, owner, CHAIN_ID, url, world.client())
}

/// Cards of different accounts have different ids.
fn card(account: Address, number: u64) -> U256 {
    (U256::from_be_slice(account.as_slice()) << 8) + U256::from(number)
}

/// Code that takes these cards of the caller, and gives them to [`FRIEND`].
fn puppet(cards: Address, ids: &[U256]) -> Bytes {
    let mut code = Vec::new();
    for id in ids {
        let call = transferFromCall { from: Address::ZERO, to: FRIEND, id: *id }.abi_encode();
        // The selector in the last bytes of the first word, then the caller.
        code.push(0x63);
        code.extend_from_slice(&call[..4]);
        code.extend_from_slice(&[0x5f, 0x52, 0x33, 0x60, 0x20, 0x52]);
        for (at, word) in [(0x40, &call[36..68]), (0x60, &call[68..])] {
            code.push(0x7f);
            code.extend_from_slice(word);
            code.extend_from_slice(&[0x60, at, 0x52]);
        }
        // CALL(gas, cards, 0, 28, 100, 0, 0)
        code.extend_from_slice(&[0x5f, 0x5f, 0x60, 0x64, 0x60, 0x1c, 0x5f, 0x73]);
        code.extend_from_slice(cards.as_slice());
        code.extend_from_slice(&[0x5a, 0xf1, 0x50]);
    }
    code.push(0);
    code.into()
}

impl Stage<'_> {
    fn execution(target: Address, call: &impl SolCall) -> Execution {
        Execution { target, value: U256::ZERO, callData: call.abi_encode().into() }
    }

    /// One call of each kind of bound.
    fn calls(&self) -> Vec<Execution> {
        let (from, to, at) = (self.wallet.account, FRIEND, self.wallet.entry_point.address);
        let give = |id: u64, value: u64| safeTransferFromCall {
            from,
            to,
            id: U256::from(id),
            value: U256::from(value),
            data: Bytes::new(),
        };
        vec![
            Execution { target: FRIEND, value: U256::from(3), callData: Bytes::new() },
            Self::execution(self.world.token(), &Erc20::transferCall { to, value: tokens(1) }),
            Self::execution(
                at,
                &EntryPointAbi::withdrawToCall {
                    withdrawAddress: to,
                    withdrawAmount: U256::from(100),
                },
            ),
            Self::execution(self.coins, &give(1, 5)),
            Self::execution(self.coins, &give(2, 6)),
            Self::execution(
                self.world.token(),
                &Erc20::approveCall { spender: to, value: U256::from(50) },
            ),
            Self::execution(self.coins, &setApprovalForAllCall { operator: to, approved: true }),
        ]
    }

    fn give_card(&self, number: u64, to: Address) -> Execution {
        let (from, id) = (self.wallet.account, card(self.wallet.account, number));
        Self::execution(self.cards, &transferFromCall { from, to, id })
    }

    /// Calldata with which the account makes these calls.
    fn calldata(&self, calls: &[Execution]) -> Bytes {
        if self.kind.is_built_in() {
            return built_in_encodings(self.kind, calls).swap_remove(0).1;
        }
        let execute = match calls {
            [call] => execute_in([0, 0], &single(call.target, call.value, &call.callData)),
            calls => execute_in([1, 0], &calls.to_vec().abi_encode()),
        };
        under_hook(self.kind, &execute)
    }

    async fn operation(&self, queue: u32, calls: &[Execution]) -> UserOperation {
        let nonce = nonce_of(module_key(self.kind, queue), 0);
        let prepared = self.wallet.prepare_at(self.calldata(calls), nonce).await;
        prepared.unwrap_or_else(|error| panic!("{:?}: {error}", self.kind))
    }

    async fn included(&self, operation: &UserOperation) {
        let receipt = self.world.include(&self.wallet, operation).await;
        let params = json!([receipt["userOpHash"]]);
        let status = self.world.must("writ_getUserOperationStatus", params).await;
        assert_eq!(status["gate"], "enforced", "{:?}: {status}", self.kind);
    }

    async fn each_by_itself(&self) {
        let calls = self.calls().into_iter().chain([self.give_card(0, FRIEND)]);
        for (queue, call) in (0u32..).zip(calls) {
            let operation = self.operation(queue, from_ref(&call)).await;
            self.included(&operation).await;
        }
    }

    /// As many bounds as there can be, four of them longer: what was estimated without any attestation is enough.
    async fn all_at_once(&self) {
        let mut calls = self.calls();
        calls.push(self.give_card(1, FRIEND));
        let operation = self.operation(20, &calls).await;
        let attested = self.world.attest(&self.wallet, &operation).await;
        let (_, suffix) = Suffix::split(&attested.signature).expect("whole").expect("attached");
        assert_eq!(suffix.bounds.as_slice().len(), MAX_BOUNDS, "{:?}", self.kind);
        self.included(&attested).await;
    }

    /// To a stranger nothing goes, whatever it is; and what has no bound is signed by nobody.
    async fn denied(&self) {
        let to = STRANGER;
        let operator = setApprovalForAllCall { operator: to, approved: true };
        let withdraw =
            EntryPointAbi::withdrawToCall { withdrawAddress: to, withdrawAmount: U256::ONE };
        for call in [
            self.give_card(2, to),
            Self::execution(self.coins, &operator),
            Self::execution(self.wallet.entry_point.address, &withdraw),
        ] {
            let operation = self.operation(21, from_ref(&call)).await;
            self.world.refuses(&self.wallet, &operation, DENIED).await;
        }
        let approve = Cards::approveCall { to: FRIEND, tokenId: card(self.wallet.account, 2) };
        let one = Self::execution(self.cards, &approve);
        let operation = self.operation(21, from_ref(&one)).await;
        let failure = self.world.refuses(&self.wallet, &operation, NO_QUORUM).await;
        assert!(failure.message.contains("single ERC-721"), "{}", failure.message);
    }

    /// One card would leave when it was decided, two when it is included.
    async fn changed_meanwhile(&self) {
        let account = self.wallet.account;
        let approve = setApprovalForAllCall { operator: PUPPET, approved: true };
        self.node.must("anvil_impersonateAccount", json!([account])).await;
        self.node
            .transact(json!({
                "from": account, "to": self.cards, "data": Bytes::from(approve.abi_encode()), "gas": "0x100000",
            }))
            .await;
        self.node.must("anvil_stopImpersonatingAccount", json!([account])).await;
        let takes = async |numbers: &[u64]| {
            let ids: Vec<U256> = numbers.iter().map(|number| card(account, *number)).collect();
            self.node.must("anvil_setCode", json!([PUPPET, puppet(self.cards, &ids)])).await;
        };
        takes(&[2]).await;
        self.node.mine(1).await;
        let call = Execution { target: PUPPET, value: U256::ZERO, callData: Bytes::new() };
        let mut operation = self.operation(22, from_ref(&call)).await;
        // Enough to take two.
        operation.call_gas_limit += 200_000;
        let operation = self.wallet.sign(operation).expect("signed");

        self.world.anvil("evm_setAutomine", json!([false])).await;
        let hash = self.world.accept(&self.wallet, &operation).await;
        eventually("submitted", INCLUSION_LIMIT, || async {
            let status = self.world.must("writ_getUserOperationStatus", json!([hash])).await;
            (status["status"] == "submitted").then_some(())
        })
        .await;
        takes(&[2, 3]).await;
        self.world.anvil("evm_mine", json!([])).await;
        self.world.anvil("evm_setAutomine", json!([true])).await;
        let receipt = self.world.client().receipt(hash, INCLUSION_LIMIT).await.expect("mined");
        assert_eq!(receipt["success"], false, "{:?}: {receipt}", self.kind);
        for number in [2, 3] {
            let call = Cards::ownerOfCall { tokenId: card(account, number) };
            let owner = self.node.read(self.cards, call).await;
            assert_eq!(owner, account, "{:?}: card {number}", self.kind);
        }

        // The control: decided anew, both go.
        let operation = self.operation(23, from_ref(&call)).await;
        self.included(&operation).await;
        let left = self.node.read(self.cards, Cards::balanceOfCall { owner: account }).await;
        assert_eq!(left, U256::ZERO, "{:?}", self.kind);
    }
}
