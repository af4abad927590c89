//! Every kind of bound on a real chain: operators sign exactly what moves, the chain takes it, and when the chain has changed
//! so that more would move, the hook reverts.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, aliases::U160},
    providers::{Provider, ext::AnvilApi},
    rpc::types::{TransactionReceipt, TransactionRequest},
    sol,
    sol_types::{SolCall, SolError, SolEvent},
};
use common::{Chain, ETHER, RECIPIENT};
use writ_attestation::{
    ANY, Bound,
    wire::{OperatorFault, OperatorResponse},
};
use writ_bindings::{Cards, Coins, DevToken, EntryPoint, Erc20, WritModule};
use writ_evidence::{CallType, ExecType, Execution, encode_execute};
use writ_operator::Operator;
use writ_types::{Asset, EntryPointVersion, UserOperation};

sol! {
    function setApprovalForAll(address operator, bool approved);
    function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data);
    function safeBatchTransferFrom(
        address from, address to, uint256[] ids, uint256[] values, bytes data
    );
    interface Permit2 {
        function approve(address token, address spender, uint160 amount, uint48 expiration);
    }
}

/// A contract that does what the test says, and something else later.
const PUPPET: Address = address!("00000000000000000000000000000000000b0b0b");

/// A chain whose account is under a policy that allows everything, two of its operators, and tokens of every standard.
struct Stage {
    chain: Chain,
    operators: [Operator; 2],
    cards: Address,
    coins: Address,
}

/// A call that the puppet makes.
struct Pull {
    to: Address,
    value: u128,
    data: Vec<u8>,
}

impl Pull {
    fn new(to: Address, call: &impl SolCall) -> Self {
        Self { to, value: 0, data: call.abi_encode() }
    }
}

/// Code that makes these calls, and reverts when one fails.
fn puppet(pulls: &[Pull]) -> Vec<u8> {
    let mut code = Vec::new();
    for Pull { to, value, data } in pulls {
        for (index, word) in data.chunks(32).enumerate() {
            let mut padded = [0; 32];
            padded[..word.len()].copy_from_slice(word);
            code.push(0x7f);
            code.extend_from_slice(&padded);
            code.push(0x61);
            code.extend_from_slice(&(32 * index as u16).to_be_bytes());
            code.push(0x52);
        }
        // CALL(gas, to, value, 0, length, 0, 0)
        code.extend_from_slice(&[0x5f, 0x5f, 0x61]);
        code.extend_from_slice(&(data.len() as u16).to_be_bytes());
        code.extend_from_slice(&[0x5f, 0x6f]);
        code.extend_from_slice(&value.to_be_bytes());
        code.push(0x73);
        code.extend_from_slice(to.as_slice());
        code.extend_from_slice(&[0x5a, 0xf1]);
        // Jumps over the revert when it succeeded.
        let after = u16::try_from(code.len() + 7).unwrap();
        code.push(0x61);
        code.extend_from_slice(&after.to_be_bytes());
        code.extend_from_slice(&[0x57, 0x5f, 0x5f, 0xfd, 0x5b]);
        assert_eq!(code.len(), usize::from(after) + 1);
    }
    code.push(0);
    code
}

impl Stage {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("policies");
        let parameters = vec![common::write_open_policy(&store)];
        let chain = Chain::start_with(EntryPointVersion::V08, folder, store, parameters).await;
        let cards = chain.create2(B256::ZERO, &Cards::BYTECODE).await;
        let coins = chain.create2(B256::ZERO, &Coins::BYTECODE).await;
        for id in 1..=3 {
            let mint = Cards::mintCall { to: chain.account, id: U256::from(id) };
            chain.send(cards, mint.abi_encode().into(), 0).await;
            let (id, amount) = (U256::from(id), U256::from(100));
            let mint = Coins::mintCall { to: chain.account, id, amount };
            chain.send(coins, mint.abi_encode().into(), 0).await;
        }
        let operators = [chain.operator(0).await, chain.operator(1).await];
        let stage = Self { chain, operators, cards, coins };
        stage.pulls(&[]).await;
        stage.chain.provider.anvil_set_balance(PUPPET, U256::from(ETHER)).await.unwrap();
        stage
    }

    /// Makes the puppet do this from now on.
    async fn pulls(&self, pulls: &[Pull]) {
        self.chain.provider.anvil_set_code(PUPPET, puppet(pulls).into()).await.unwrap();
        self.chain.mine(1).await;
    }

    /// A transaction of the account itself, around everything.
    async fn as_account(&self, to: Address, call: &impl SolCall) {
        let (provider, account) = (&self.chain.provider, self.chain.account);
        provider.anvil_impersonate_account(account).await.unwrap();
        let transaction = TransactionRequest::default()
            .from(account)
            .to(to)
            .input(Bytes::from(call.abi_encode()).into())
            .gas_limit(1_000_000);
        let hash: B256 =
            provider.raw_request("eth_sendTransaction".into(), (transaction,)).await.unwrap();
        provider.anvil_stop_impersonating_account(account).await.unwrap();
        self.chain.mine(1).await;
        let receipt = provider.get_transaction_receipt(hash).await.unwrap().unwrap();
        assert!(receipt.status());
    }

    async fn deny(&self, operation: &UserOperation) -> String {
        let request = self.chain.request(operation).await;
        match self.operators[0].attest(&request).await {
            Err(OperatorFault::Refused { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// Both operators' answers, which agree, and the bounds that they signed behind the native one.
    async fn attest(&self, operation: &UserOperation) -> (UserOperation, Vec<Bound>) {
        let request = self.chain.request(operation).await;
        let answers = [
            self.operators[0].attest(&request).await.unwrap(),
            self.operators[1].attest(&request).await.unwrap(),
        ];
        let [OperatorResponse::Allow(one), OperatorResponse::Allow(two)] = &answers else {
            panic!("{answers:?}")
        };
        assert_eq!((&one.attestation, &one.bounds), (&two.attestation, &two.bounds));
        let bounds = one.bounds.as_slice().to_vec();
        (self.chain.attested(operation, &answers), bounds)
    }

    /// Has `calls` decided in the state that `state(true)` makes: exactly `expected` is signed, beside nothing of native
    /// currency. In that of `state(false)` the hook reverts because `actual` would move; decided and included in the first
    /// one, all of it goes through.
    async fn holds(
        &self,
        calls: &[Execution],
        expected: Bound,
        state: impl AsyncFn(bool),
        actual: u64,
    ) {
        let signed = match expected.asset {
            Asset::Native => vec![expected],
            _ => vec![Bound::native(0), expected],
        };
        state(true).await;
        let (attested, bounds) = self.attest(&self.chain.operation(0, 0, calls)).await;
        assert_eq!(bounds, signed);
        state(false).await;
        let receipt = self.chain.handle_ops(&[attested]).await;
        let exceeded = WritModule::BoundExceeded {
            kind: expected.asset.kind() as u8,
            asset: expected.asset.contract(),
            maxOut: U256::from(expected.max_out),
            actual: U256::from(actual),
        };
        assert_eq!(outcome(&receipt), (false, Some(exceeded.abi_encode().into())));

        state(true).await;
        let (attested, bounds) = self.attest(&self.chain.operation(1, 0, calls)).await;
        assert_eq!(bounds, signed);
        let receipt = self.chain.handle_ops(&[attested]).await;
        assert_eq!(outcome(&receipt), (true, None), "as it was decided");
    }
}

/// Whether the execution succeeded, and what it reverted with.
fn outcome(receipt: &TransactionReceipt) -> (bool, Option<Bytes>) {
    assert!(receipt.status(), "the bundle");
    let logs = || receipt.inner.logs().iter().map(|log| &log.inner);
    let event = logs().find_map(|log| EntryPoint::UserOperationEvent::decode_log(log).ok());
    let reason = logs()
        .filter(|log| {
            log.topics().first() == Some(&EntryPoint::UserOperationRevertReason::SIGNATURE_HASH)
        })
        .find_map(|log| EntryPoint::UserOperationRevertReason::decode_log(log).ok());
    (event.unwrap().success, reason.map(|reason| reason.data.revertReason))
}

fn call(target: Address, call: &impl SolCall) -> Execution {
    Execution { target, value: U256::ZERO, data: call.abi_encode().into() }
}

/// Calls the puppet with nothing.
fn pull() -> Execution {
    Execution { target: PUPPET, value: U256::ZERO, data: Bytes::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn native_currency_is_held_to_what_came_back() {
    let stage = Stage::start().await;
    let back = |value| Pull { to: stage.chain.account, value, data: Vec::new() };
    let pay = Execution { value: U256::from(5), ..pull() };
    let state = async |decided| stage.pulls(&[back(if decided { 3 } else { 2 })]).await;
    stage.holds(&[pay], Bound::native(2), state, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_held_to_their_amount() {
    let stage = Stage::start().await;
    let Chain { token, account, .. } = stage.chain;
    stage.as_account(token, &Erc20::approveCall { spender: PUPPET, value: U256::MAX }).await;
    let take = |value| {
        let (from, to, value) = (account, RECIPIENT, U256::from(value));
        Pull::new(token, &Erc20::transferFromCall { from, to, value })
    };
    let state = async |decided| stage.pulls(&[take(if decided { 10 } else { 11 })]).await;
    stage.holds(&[pull()], Bound::erc20(token, 10), state, 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nfts_are_held_to_their_number() {
    let stage = Stage::start().await;
    let (cards, account) = (stage.cards, stage.chain.account);
    stage.as_account(cards, &setApprovalForAllCall { operator: PUPPET, approved: true }).await;
    let take = |id| {
        let (from, to) = (account, RECIPIENT);
        Pull::new(cards, &Cards::transferFromCall { from, to, tokenId: U256::from(id) })
    };
    let both = [take(2), take(3)];
    let state = async |decided| stage.pulls(if decided { &both[..1] } else { &both }).await;
    stage.holds(&[pull()], Bound::new(Asset::Erc721(cards), 1), state, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deposits_are_held_to_what_was_not_put_back() {
    let stage = Stage::start().await;
    let Chain { entry_point, account, .. } = stage.chain;
    let at = entry_point.address;
    let back = |value| Pull { value, ..Pull::new(at, &EntryPoint::depositToCall { account }) };
    let withdraw =
        EntryPoint::withdrawToCall { withdrawAddress: RECIPIENT, withdrawAmount: U256::from(100) };
    let state = async |decided| stage.pulls(&[back(if decided { 60 } else { 59 })]).await;
    let bound = Bound::new(Asset::Deposit(at), 40);
    stage.holds(&[call(at, &withdraw), pull()], bound, state, 41).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn multi_tokens_are_held_by_their_id() {
    let stage = Stage::start().await;
    let (coins, account) = (stage.coins, stage.chain.account);
    stage.as_account(coins, &setApprovalForAllCall { operator: PUPPET, approved: true }).await;
    let take = |value| {
        let (from, to, id, value) = (account, RECIPIENT, U256::from(2), U256::from(value));
        let data = Bytes::new();
        Pull::new(coins, &safeTransferFromCall { from, to, id, value, data })
    };
    let both = [take(5), take(1)];
    let state = async |decided| stage.pulls(if decided { &both[..1] } else { &both }).await;
    let asset = Asset::Erc1155 { token: coins, id: U256::from(2) };
    stage.holds(&[pull()], Bound::new(asset, 5), state, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn allowances_are_held_to_what_they_grow_by() {
    let stage = Stage::start().await;
    let Chain { token, account, .. } = stage.chain;
    // 30 were allowed before, so that an approval of 100 gives 70 more, and 60 of that are used on the way.
    let approve = |value| Erc20::approveCall { spender: PUPPET, value: U256::from(value) };
    stage.as_account(token, &approve(30)).await;
    let take = |value| {
        let (from, to, value) = (account, account, U256::from(value));
        Pull::new(token, &Erc20::transferFromCall { from, to, value })
    };
    stage.pulls(&[take(60)]).await;
    let operation = stage.chain.operation(1, 0, &[call(token, &approve(100)), pull()]);
    let (_, bounds) = stage.attest(&operation).await;
    let asset = Asset::Allowance { token, spender: PUPPET };
    // What went round left nothing, and is held to nothing.
    assert_eq!(bounds, [Bound::native(0), Bound::erc20(token, 0), Bound::new(asset, 10)]);

    // The same without the way round.
    let stage = Stage::start().await;
    let state =
        async |decided| stage.as_account(token, &approve(if decided { 30 } else { 29 })).await;
    stage.holds(&[call(token, &approve(100))], Bound::new(asset, 70), state, 71).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn allowances_without_limit_are_signed_as_that() {
    let stage = Stage::start().await;
    let token = stage.chain.token;
    let approve = Erc20::approveCall { spender: PUPPET, value: U256::MAX };
    let operation = stage.chain.operation(0, 0, &[call(token, &approve)]);
    let (attested, bounds) = stage.attest(&operation).await;
    let asset = Asset::Allowance { token, spender: PUPPET };
    assert_eq!(bounds, [Bound::native(0), Bound::new(asset, ANY)]);
    let receipt = stage.chain.handle_ops(&[attested]).await;
    assert_eq!(outcome(&receipt), (true, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_held_to_what_they_were() {
    let stage = Stage::start().await;
    let set = |approved| setApprovalForAllCall { operator: PUPPET, approved };
    // Granted before, so that granting it again gives nothing; revoked in the meantime, so that it does.
    let asset = Asset::Operator { token: stage.cards, operator: PUPPET };
    let state = async |decided| stage.as_account(stage.cards, &set(decided)).await;
    stage.holds(&[call(stage.cards, &set(true))], Bound::new(asset, 0), state, 1).await;

    let operation = stage.chain.operation(2, 0, &[call(stage.coins, &set(true))]);
    let (attested, bounds) = stage.attest(&operation).await;
    let asset = Asset::Operator { token: stage.coins, operator: PUPPET };
    assert_eq!(bounds, [Bound::native(0), Bound::new(asset, 1)]);
    let receipt = stage.chain.handle_ops(&[attested]).await;
    assert_eq!(outcome(&receipt), (true, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_in_the_simulation_is_held_at_nothing() {
    let stage = Stage::start().await;
    let Chain { token, account, .. } = stage.chain;
    // The account has 1,000: the call fails, and the batch goes on.
    let transfer = Erc20::transferCall { to: RECIPIENT, value: U256::from(2_000) };
    let calls = [call(token, &transfer), pull()];
    let data = encode_execute(CallType::Batch, ExecType::Try, &calls);
    let operation = stage.chain.sign(stage.chain.unsigned(0, 0, data.into()));
    let (attested, bounds) = stage.attest(&operation).await;
    assert_eq!(bounds, [Bound::native(0), Bound::erc20(token, 0)]);
    // Funded before it is included, it would go through.
    let mint = DevToken::mintCall { to: account, amount: U256::from(5_000) };
    stage.chain.send(token, mint.abi_encode().into(), 0).await;
    let receipt = stage.chain.handle_ops(&[attested]).await;
    let exceeded = WritModule::BoundExceeded {
        kind: 1,
        asset: token,
        maxOut: U256::ZERO,
        actual: U256::from(2_000),
    };
    assert_eq!(outcome(&receipt), (false, Some(exceeded.abi_encode().into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_bound_is_refused_by_name() {
    let stage = Stage::start().await;
    let Chain { account, .. } = stage.chain;
    let refused = async |calls: &[Execution]| {
        let operation = stage.chain.operation(0, 0, calls);
        stage.deny(&operation).await
    };
    let approve = Cards::approveCall { to: PUPPET, tokenId: U256::ONE };
    let approve = call(stage.cards, &approve);
    let told = refused(std::slice::from_ref(&approve)).await;
    assert!(told.contains("single ERC-721 tokens"), "{told}");
    // Nobody answers where Permit2 would be: what it would do is read from the call.
    let through = Permit2::approveCall {
        token: stage.chain.token,
        spender: RECIPIENT,
        amount: U160::from(1),
        expiration: Default::default(),
    };
    let told = refused(&[call(PUPPET, &through)]).await;
    assert!(told.contains("Permit2"), "{told}");
    let many = safeBatchTransferFromCall {
        from: account,
        to: RECIPIENT,
        ids: (1..=8).map(U256::from).collect(),
        values: vec![U256::ZERO; 8],
        data: Bytes::new(),
    };
    let told = refused(&[call(stage.coins, &many)]).await;
    assert!(told.contains("more assets than can be bounded"), "{told}");
    let silent = call(PUPPET, &Erc20::transferCall { to: RECIPIENT, value: U256::ONE });
    let told = refused(&[silent]).await;
    assert!(told.contains("does not tell how much"), "{told}");

    // An approval that is used up in the same operation takes nothing along.
    let take = Cards::transferFromCall { from: account, to: RECIPIENT, tokenId: U256::ONE };
    stage.pulls(&[Pull::new(stage.cards, &take)]).await;
    let operation = stage.chain.operation(0, 0, &[approve, pull()]);
    let (attested, bounds) = stage.attest(&operation).await;
    assert_eq!(bounds, [Bound::native(0), Bound::new(Asset::Erc721(stage.cards), 1)]);
    let receipt = stage.chain.handle_ops(&[attested]).await;
    assert_eq!(outcome(&receipt), (true, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_fits_into_one_list() {
    let stage = Stage::start().await;
    let Chain { token, account, entry_point, .. } = stage.chain;
    let (cards, coins, at) = (stage.cards, stage.coins, entry_point.address);
    let (to, data) = (RECIPIENT, Bytes::new());
    let id = |id: u64| U256::from(id);
    let calls = [
        Execution { target: RECIPIENT, value: U256::from(9), data: Bytes::new() },
        call(token, &Erc20::transferCall { to, value: U256::from(8) }),
        call(cards, &Cards::transferFromCall { from: account, to, tokenId: id(1) }),
        call(
            at,
            &EntryPoint::withdrawToCall { withdrawAddress: to, withdrawAmount: U256::from(7) },
        ),
        call(
            coins,
            &safeBatchTransferFromCall {
                from: account,
                to,
                ids: vec![id(3), id(1)],
                values: vec![U256::from(6), U256::from(5)],
                data,
            },
        ),
        call(token, &Erc20::approveCall { spender: PUPPET, value: U256::from(4) }),
        call(cards, &setApprovalForAllCall { operator: PUPPET, approved: true }),
    ];
    let mut operation = stage.chain.unsigned(
        0,
        0,
        encode_execute(CallType::Batch, ExecType::Default, &calls).into(),
    );
    operation.call_gas_limit = 1_500_000;
    let operation = stage.chain.sign(operation);
    let (attested, bounds) = stage.attest(&operation).await;
    assert_eq!(
        bounds,
        [
            Bound::native(9),
            Bound::erc20(token, 8),
            Bound::new(Asset::Erc721(cards), 1),
            Bound::new(Asset::Deposit(at), 7),
            Bound::new(Asset::Erc1155 { token: coins, id: id(1) }, 5),
            Bound::new(Asset::Erc1155 { token: coins, id: id(3) }, 6),
            Bound::new(Asset::Allowance { token, spender: PUPPET }, 4),
            Bound::new(Asset::Operator { token: cards, operator: PUPPET }, 1),
        ]
    );
    let receipt = stage.chain.handle_ops(&[attested]).await;
    assert_eq!(outcome(&receipt), (true, None));
}
