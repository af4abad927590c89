//! Every kind of account on a real node, with real operators: what is attested executes, and nothing else does.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::{SolCall, SolValue},
};
use serde_json::json;
use writ_attestation::AccountKind;
use writ_bindings::{Erc20, Erc7579Account, erc7579::Execution, module_address};
use writ_node::dev::{Wallet, handle_ops, tokens};
use writ_tests::{
    Node, World, execute_in, installed_wallet, module_key, nonce_of, single, under_hook,
    versions_of,
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const PLACEMENT: i64 = -32531;
const DENIED: i64 = -32532;
const NO_QUORUM: i64 = -32534;
const FRIEND: Address = Address::repeat_byte(0xf1);

/// One account of the world's owner.
struct Stage<'a> {
    world: &'a World,
    node: &'a Node,
    kind: AccountKind,
    wallet: Wallet,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_executes_what_is_attested_and_nothing_else() {
    let mut world = World::start(PROGRAM).await;
    let mut node = Node::new(world.network.chain.url().clone());
    let v09 = node.deploy_entry_point(EntryPointVersion::V09).await;
    // What the chain has is found at the next start.
    world.network.bundler.kill().await.expect("killed");
    world.network.bundler.restart().await.expect("up again");
    for kind in AccountKind::MODULAR {
        for version in versions_of(kind) {
            if *version == EntryPointVersion::V09 && v09.is_none() {
                continue;
            }
            println!("{} on v{version}", kind.name());
            let wallet =
                installed_wallet(&world, &mut node, kind, EntryPoint::canonical(*version)).await;
            let stage = Stage { world: &world, node: &node, kind, wallet };
            stage.attested().await;
            stage.denied().await;
            stage.unattested().await;
            stage.not_understood().await;
            stage.not_placed().await;
        }
    }
}

impl Stage<'_> {
    fn transfer(&self, amount: U256) -> Vec<u8> {
        Erc20::transferCall { to: FRIEND, value: amount }.abi_encode()
    }

    /// `execute` of one transfer.
    fn pay(&self, amount: U256) -> Bytes {
        execute_in([0, 0], &single(self.world.token(), U256::ZERO, &self.transfer(amount)))
    }

    /// An operation that calls the account with `call` under its hook, in a queue of its own.
    async fn operation(&self, queue: u32, call: &[u8]) -> UserOperation {
        let nonce = nonce_of(module_key(self.kind, queue), 0);
        let prepared = self.wallet.prepare_at(under_hook(self.kind, call), nonce).await;
        prepared.unwrap_or_else(|error| panic!("{:?}: {error}", self.kind))
    }

    async fn held(&self) -> U256 {
        let account = self.wallet.account;
        self.node.read(self.world.token(), Erc20::balanceOfCall { account }).await
    }

    /// One call, a batch, and both where a failing call is skipped.
    async fn attested(&self) {
        let call = Execution {
            target: self.world.token(),
            value: U256::ZERO,
            callData: self.transfer(tokens(1)).into(),
        };
        let batch = vec![call.clone(), call.clone()].abi_encode();
        let one = single(call.target, call.value, &call.callData);
        for (queue, (mode, payload, paid)) in (0u32..).zip([
            ([0, 0], &one[..], 1),
            ([0, 1], &one, 1),
            ([1, 0], &batch, 2),
            ([1, 1], &batch, 2),
        ]) {
            let held = self.held().await;
            let operation = self.operation(queue, &execute_in(mode, payload)).await;
            let receipt = self.world.include(&self.wallet, &operation).await;
            let params = json!([receipt["userOpHash"]]);
            let status = self.world.must("writ_getUserOperationStatus", params).await;
            assert_eq!(status["gate"], "enforced", "{:?}: {status}", self.kind);
            assert_eq!(held - self.held().await, tokens(paid), "{:?} {mode:?}", self.kind);
        }
    }

    /// More than the policy's limit.
    async fn denied(&self) {
        let over = self.operation(10, &self.pay(tokens(101))).await;
        let failure = self.world.refuses(&self.wallet, &over, DENIED).await;
        assert!(failure.message.contains("per-operation limit"), "{}", failure.message);
    }

    /// Around the bundler.
    async fn unattested(&self) {
        let stage = &self.world.network.stage;
        let plain = self.operation(11, &self.pay(tokens(1))).await;
        let around = async |operation| {
            let entry_point = self.wallet.entry_point;
            let sent = handle_ops(&stage.provider, stage.deployer, entry_point, &[operation]).await;
            sent.expect("mined").refusal
        };
        let refusal = around(plain.clone()).await.expect("refused");
        assert_eq!(refusal.code(), "AA23", "{:?}: {refusal:?}", self.kind);
        // The adapter has the Safe call the module, and does not pass its error on.
        let expected = match self.kind {
            AccountKind::Safe7579 => keccak256("ExecutionFailed()"),
            _ => keccak256("AttestationRequired()"),
        };
        assert_eq!(refusal.selector().expect("an error").as_slice(), &expected[..4]);
        let attested = self.world.attest(&self.wallet, &plain).await;
        assert_eq!(around(attested).await, None, "{:?}", self.kind);
    }

    /// Delegatecalls and calls to itself: the operators refuse them by name.
    async fn not_understood(&self) {
        let delegated = [FRIEND.as_slice(), &[1, 2, 3, 4]].concat();
        let nested = single(self.wallet.account, U256::ZERO, &self.pay(tokens(1)));
        let mut calls = vec![
            (execute_in([0xff, 0], &delegated), "call type 0xff"),
            (execute_in([0, 0], &nested), "the account's own function 0xe9ae5c53"),
        ];
        if self.kind == AccountKind::Safe7579 {
            // As the EntryPoint would be heard behind the Safe's fallback.
            let heard =
                [&self.pay(tokens(1))[..], self.wallet.entry_point.address.as_slice()].concat();
            let slot = keccak256("fallback_manager.handler.address");
            let word =
                self.node.must("eth_getStorageAt", json!([self.wallet.account, slot, "latest"]));
            let word: B256 = serde_json::from_value(word.await).expect("a word");
            let adapter = single(Address::from_word(word), U256::ZERO, &heard);
            calls.push((execute_in([0, 0], &adapter), "the account's own adapter"));
        }
        for (call, reason) in calls {
            let operation =
                self.altered(|operation| operation.call_data = under_hook(self.kind, &call)).await;
            let params = json!([operation.to_rpc(), self.wallet.entry_point.address]);
            let failure = self.world.refused("writ_evaluate", params, NO_QUORUM).await;
            assert!(failure.message.contains(reason), "{:?}: {}", self.kind, failure.message);
        }
    }

    /// What the gate refuses before anybody is asked.
    async fn not_placed(&self) {
        let other = Address::repeat_byte(0x44);
        let validator = writ_attestation::Validator::Module(other);
        let key = self.kind.nonce_key(validator, 12).expect("a key");
        self.misplaced(&other.to_string(), |operation| operation.nonce = nonce_of(key, 0)).await;
        let execute_user_op = writ_attestation::EXECUTE_USER_OP;
        self.misplaced("executeUserOp", |operation| {
            operation.call_data =
                [execute_user_op.as_slice(), execute_user_op.as_slice()].concat().into();
        })
        .await;
        let uninstall = Erc7579Account::uninstallModuleCall {
            moduleTypeId: U256::from(4),
            module: module_address(),
            deInitData: Bytes::new(),
        };
        match self.kind {
            AccountKind::Safe7579 => {
                self.misplaced("uninstallModule", |operation| {
                    operation.call_data = uninstall.abi_encode().into();
                })
                .await;
            }
            AccountKind::Nexus => {
                self.misplaced("enable mode", |operation| operation.nonce |= U256::ONE << 224)
                    .await;
            }
            AccountKind::Kernel => {
                self.misplaced("enable mode", |operation| operation.nonce |= U256::ONE << 248)
                    .await;
                self.misplaced("permission", |operation| operation.nonce |= U256::from(2) << 240)
                    .await;
                let plain = self.pay(tokens(1));
                self.misplaced("executeUserOp alone", |operation| operation.call_data = plain)
                    .await;
            }
            _ => {}
        }
    }

    /// A good operation of the account, changed and signed again.
    async fn altered(&self, change: impl FnOnce(&mut UserOperation)) -> UserOperation {
        let mut operation = self.operation(12, &self.pay(tokens(1))).await;
        change(&mut operation);
        self.wallet.sign(operation).expect("signed")
    }

    async fn misplaced(&self, reason: &str, change: impl FnOnce(&mut UserOperation)) {
        let operation = self.altered(change).await;
        let failure = self.world.refuses(&self.wallet, &operation, PLACEMENT).await;
        assert_eq!(failure.data["check"], "placement", "{:?}: {}", self.kind, failure.message);
        assert!(failure.message.contains(reason), "{:?}: {}", self.kind, failure.message);
    }
}
