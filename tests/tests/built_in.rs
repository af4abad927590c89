//! Accounts with the module built in on a real node, with real operators: what is attested executes, and nothing else does.

use alloy::{
    primitives::{Address, Bytes, FixedBytes, U256, keccak256},
    sol_types::SolCall,
};
use serde_json::json;
use writ_attestation::AccountKind;
use writ_bindings::{Erc20, WritSimpleAccount, erc7579::Execution};
use writ_node::dev::{Wallet, handle_ops, tokens};
use writ_tests::{
    Node, World, built_in_encodings, execute, execute_in, installed_wallet, module_key, nonce_of,
    single, versions_of,
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const ATTESTATION: i64 = -32531;
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
async fn both_kinds_execute_what_is_attested_and_nothing_else() {
    let mut world = World::start(PROGRAM).await;
    let mut node = Node::new(world.network.chain.url().clone());
    let v09 = node.deploy_entry_point(EntryPointVersion::V09).await;
    // What the chain has is found at the next start.
    world.network.bundler.kill().await.expect("killed");
    world.network.bundler.restart().await.expect("up again");
    for kind in AccountKind::BUILT_IN {
        for version in versions_of(kind) {
            if *version == EntryPointVersion::V09 && v09.is_none() {
                continue;
            }
            println!("{} on v{version}", kind.name());
            let entry_point = EntryPoint::canonical(*version);
            let wallet = installed_wallet(&world, &mut node, kind, entry_point).await;
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
    fn transfer(&self, amount: U256) -> Execution {
        let call = Erc20::transferCall { to: FRIEND, value: amount };
        Execution {
            target: self.world.token(),
            value: U256::ZERO,
            callData: call.abi_encode().into(),
        }
    }

    /// `execute` of one transfer.
    fn pay(&self, amount: U256) -> Bytes {
        let Execution { target, value, callData } = self.transfer(amount);
        execute(target, value, callData)
    }

    /// An operation in a queue of its own.
    async fn operation(&self, queue: u32, call_data: Bytes) -> UserOperation {
        let nonce = nonce_of(module_key(self.kind, queue), 0);
        let prepared = self.wallet.prepare_at(call_data, nonce).await;
        prepared.unwrap_or_else(|error| panic!("{:?}: {error}", self.kind))
    }

    async fn held(&self) -> U256 {
        let account = self.wallet.account;
        self.node.read(self.world.token(), Erc20::balanceOfCall { account }).await
    }

    /// Each encoding, of one call and of two.
    async fn attested(&self) {
        let call = self.transfer(tokens(1));
        let one = built_in_encodings(self.kind, std::slice::from_ref(&call));
        let two = built_in_encodings(self.kind, &[call.clone(), call]);
        let all = one.into_iter().map(|one| (one, 1)).chain(two.into_iter().map(|two| (two, 2)));
        for (queue, ((encoding, call_data), paid)) in (0u32..).zip(all) {
            let held = self.held().await;
            let operation = self.operation(queue, call_data).await;
            let receipt = self.world.include(&self.wallet, &operation).await;
            let params = json!([receipt["userOpHash"]]);
            let status = self.world.must("writ_getUserOperationStatus", params).await;
            assert_eq!(status["gate"], "enforced", "{:?}: {status}", self.kind);
            assert_eq!(held - self.held().await, tokens(paid), "{:?} {encoding}", self.kind);
        }
        let params = json!([self.wallet.account]);
        let policy = self.world.must("writ_getPolicy", params).await;
        assert!(policy.to_string().contains("agent-spending"), "{policy}");
    }

    /// More than the policy's limit, in one call and in all of a batch together.
    async fn denied(&self) {
        let half = self.transfer(tokens(51));
        let batches = built_in_encodings(self.kind, &[half.clone(), half]);
        let calls = batches.into_iter().map(|(_, call_data)| call_data);
        for (queue, call_data) in (100u32..).zip(calls.chain([self.pay(tokens(101))])) {
            let over = self.operation(queue, call_data).await;
            let failure = self.world.refuses(&self.wallet, &over, DENIED).await;
            assert!(failure.message.contains("per-operation limit"), "{}", failure.message);
        }
    }

    /// Around the bundler.
    async fn unattested(&self) {
        let stage = &self.world.network.stage;
        let plain = self.operation(110, self.pay(tokens(1))).await;
        let around = async |operation| {
            let entry_point = self.wallet.entry_point;
            let sent = handle_ops(&stage.provider, stage.deployer, entry_point, &[operation]).await;
            sent.expect("mined").refusal
        };
        let refusal = around(plain.clone()).await.expect("refused");
        assert_eq!(refusal.code(), "AA23", "{:?}: {refusal:?}", self.kind);
        let expected = keccak256("AttestationRequired()");
        assert_eq!(refusal.selector().expect("an error").as_slice(), &expected[..4]);
        let attested = self.world.attest(&self.wallet, &plain).await;
        assert_eq!(around(attested).await, None, "{:?}", self.kind);
    }

    /// What operators do not read, or what would hide something: they refuse it by name.
    async fn not_understood(&self) {
        let account = self.wallet.account;
        let call = self.transfer(tokens(1));
        let in_a_mode = execute_in([0, 0], &single(call.target, call.value, &call.callData));
        let withdrawal =
            WritSimpleAccount::withdrawDepositToCall { withdrawAddress: FRIEND, amount: U256::ONE };
        let upgrade = WritSimpleAccount::upgradeToAndCallCall {
            newImplementation: FRIEND,
            data: Bytes::new(),
        };
        let own = |inner: Vec<u8>| execute(account, U256::ZERO, inner);
        let trailing: Bytes = [&self.pay(tokens(1))[..], &[0; 32]].concat().into();
        let mut calls = vec![
            (in_a_mode, "0xe9ae5c53 is not supported: use execute(address,uint256,bytes)"),
            (own(self.pay(tokens(1)).to_vec()), "the account's own function 0xb61d27f6"),
            (own(withdrawal.abi_encode()), "the account's own function 0x4d44560d"),
            (own(upgrade.abi_encode()), "the account's own function 0x4f1ef286"),
            (trailing, "not canonically encoded"),
            (self.moved(), "not canonically encoded"),
        ];
        if self.kind == AccountKind::WritDelegate {
            let batch = [call.clone(), call];
            let arrays = built_in_encodings(AccountKind::WritSimpleAccount, &batch);
            let (_, arrays) = arrays.into_iter().nth(1).expect("of arrays");
            calls.push((arrays, "0x47e1da2a is not supported"));
        }
        for (call_data, reason) in calls {
            let operation = self.altered(|operation| operation.call_data = call_data).await;
            let params = json!([operation.to_rpc(), self.wallet.entry_point.address]);
            let failure = self.world.refused("writ_evaluate", params, NO_QUORUM).await;
            assert!(failure.message.contains(reason), "{:?}: {}", self.kind, failure.message);
        }
    }

    /// A batch that the account would read behind the transfer that stands where it belongs.
    fn moved(&self) -> Bytes {
        let batch = |amount| {
            let mut batches = built_in_encodings(self.kind, &[self.transfer(amount)]);
            batches.swap_remove(1).1.to_vec()
        };
        let (mut seen, run) = (batch(tokens(1)), batch(tokens(99)));
        let element = 4 + 0x40;
        let offset = U256::from(seen.len() - element).to_be_bytes::<32>();
        seen[element..element + 32].copy_from_slice(&offset);
        seen.extend_from_slice(&run[element + 32..]);
        seen.into()
    }

    /// What the gate refuses before anybody is asked.
    async fn not_placed(&self) {
        let forbidden = self.altered(|operation| {
            operation.call_data = writ_attestation::EXECUTE_USER_OP.to_vec().into();
        });
        self.refused(forbidden.await, "placement", "executeUserOp").await;

        // An attestation that stands elsewhere than at the end.
        let plain = self.operation(120, self.pay(tokens(1))).await;
        let attested = self.world.attest(&self.wallet, &plain).await;
        let suffix = &attested.signature[plain.signature.len()..];
        let wrapped = alloy::sol_types::SolValue::abi_encode_params(&(
            self.wallet.account,
            FixedBytes::<4>::ZERO,
            attested.signature.clone(),
        ));
        for (signature, check, reason) in [
            ([suffix, &plain.signature].concat(), "trailingBytes", "65 trailing bytes"),
            ([&attested.signature[..], &[0]].concat(), "trailingBytes", "1 trailing bytes"),
            (wrapped, "trailingBytes", "trailing bytes follow the attestation"),
            ([&attested.signature[..], suffix].concat(), "twoSuffixes", "two attestations"),
        ] {
            let misplaced = UserOperation { signature: signature.into(), ..attested.clone() };
            self.refused(misplaced, check, reason).await;
        }
        self.world.include(&self.wallet, &attested).await;
    }

    /// A good operation of the account, changed and signed again.
    async fn altered(&self, change: impl FnOnce(&mut UserOperation)) -> UserOperation {
        let mut operation = self.operation(112, self.pay(tokens(1))).await;
        change(&mut operation);
        self.wallet.sign(operation).expect("signed")
    }

    async fn refused(&self, operation: UserOperation, check: &str, reason: &str) {
        let failure = self.world.refuses(&self.wallet, &operation, ATTESTATION).await;
        assert_eq!(failure.data["check"], check, "{:?}: {}", self.kind, failure.message);
        assert!(failure.message.contains(reason), "{:?}: {}", self.kind, failure.message);
    }
}
