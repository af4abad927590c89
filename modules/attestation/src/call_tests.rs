use proptest::prelude::*;
use writ_types::{CallPath, SafeOperation};

use super::*;
use crate::{AccountState, Bound, Bounds, Configuration, OperatorKey};

const NOW: u64 = 1_800_000_000;
const CHAIN: u64 = 31_337;

fn contract() -> AttestableCall {
    AttestableCall {
        chain_id: None,
        path: CallPath::Presented,
        call: ProtectedCall::Contract(ContractCall {
            contract: Address::repeat_byte(0xc0),
            caller: Address::repeat_byte(0xca),
            value: U256::from(5),
            data: vec![1, 2, 3, 4].into(),
            context: B256::repeat_byte(0x0c),
            nonce: 9,
        }),
    }
}

fn safe() -> AttestableCall {
    AttestableCall {
        chain_id: Some(CHAIN),
        path: CallPath::Posted,
        call: ProtectedCall::Safe(SafeTransaction {
            safe: Address::repeat_byte(0x5a),
            to: Address::repeat_byte(0x70),
            value: U256::from(5),
            data: vec![1, 2, 3, 4].into(),
            operation: SafeOperation::DelegateCall,
            safe_tx_gas: U256::ZERO,
            base_gas: U256::ZERO,
            gas_price: U256::ZERO,
            gas_token: Address::ZERO,
            refund_receiver: Address::ZERO,
            nonce: 3,
            signatures: vec![1; 65].into(),
            safe_tx_hash: None,
        }),
    }
}

fn module() -> AttestableCall {
    AttestableCall {
        chain_id: None,
        path: CallPath::Presented,
        call: ProtectedCall::SafeModule(SafeModuleCall {
            safe: Address::repeat_byte(0x5a),
            module: Address::repeat_byte(0x3d),
            to: Address::repeat_byte(0x70),
            value: U256::ZERO,
            data: Default::default(),
            operation: SafeOperation::Call,
            nonce: 4,
        }),
    }
}

struct World {
    keys: Vec<OperatorKey>,
    set: OperatorSet,
    policy: AccountPolicy,
    domain: Domain,
}

impl World {
    fn new() -> Self {
        let keys: Vec<_> = (1..=3u8)
            .map(|byte| OperatorKey::from_hex(&alloy::hex::encode([byte; 32])).unwrap())
            .collect();
        let set = OperatorSet::new(keys.iter().map(OperatorKey::address).collect()).unwrap();
        let policy = AccountPolicy {
            configuration: Configuration {
                operator_set_code_hash: set.code_hash(),
                policy: B256::repeat_byte(0x77),
                threshold: 2,
                level: 1,
                epoch: 3,
                ..Default::default()
            },
            state: AccountState { revision: 5, ..Default::default() },
        };
        Self { keys, set, policy, domain: Domain::new(CHAIN, Address::repeat_byte(0xc0)) }
    }

    fn context(&self) -> CallContext<'_> {
        CallContext { domain: self.domain, policy: &self.policy, operators: &self.set, now: NOW }
    }

    fn suffix(&self, action: &CallAction, change: impl FnOnce(&mut Suffix)) -> Suffix {
        let attestation = Attestation {
            action: action.hash(),
            policy: self.policy.configuration.policy,
            evidence: B256::repeat_byte(0xee),
            bounds: B256::ZERO,
            revision: 5,
            epoch: 3,
            sequence: 0,
            level: 1,
            block_number: 7,
            block_hash: B256::repeat_byte(0xb1),
            valid_after: NOW - 1,
            valid_until: NOW + 300,
        };
        let bounds = Bounds::new(vec![Bound::native(5)]).unwrap();
        let mut suffix = Suffix::new(&attestation, 0, bounds, Vec::new());
        change(&mut suffix);
        let signed = suffix.attestation(action.hash(), self.policy.configuration.policy);
        let digest = signed.digest(&self.domain).unwrap();
        if suffix.signatures.is_empty() {
            suffix.signatures =
                [0u8, 2].map(|index| self.keys[usize::from(index)].sign(digest, index)).to_vec();
        }
        suffix
    }
}

#[test]
fn the_action_is_what_the_contracts_put_together() {
    let action = call_action(&contract(), CHAIN);
    assert_eq!((action.account, action.target), (Address::repeat_byte(0xc0), action.account));
    assert_eq!(action.caller, Address::repeat_byte(0xca));
    assert_eq!((action.path, action.operation), (1, 0));
    assert_eq!(action.call_data, keccak256([1, 2, 3, 4]));

    let action = call_action(&safe(), CHAIN);
    let ProtectedCall::Safe(transaction) = &safe().call else { panic!() };
    assert_eq!((action.account, action.caller), (transaction.safe, transaction.safe));
    assert_eq!((action.path, action.operation), (2, 1));
    assert_eq!(action.context, transaction.hash(CHAIN));
    assert_ne!(action.context, call_action(&safe(), 1).context, "the hash is of a chain");
    assert_eq!(action.nonce, U256::from(3));

    let action = call_action(&module(), CHAIN);
    assert_eq!((action.caller, action.context), (Address::repeat_byte(0x3d), B256::ZERO));
    let call = safe_call(&action);
    assert_eq!((call.safe, call.caller, call.nonce), (action.account, action.caller, 4));
}

#[test]
fn a_quorums_attestation_verifies_and_every_other_is_refused_by_name() {
    let world = World::new();
    let action = call_action(&contract(), CHAIN);
    let good = world.suffix(&action, |_| {});
    assert_eq!(
        verify_call(&action, &good, &world.context()).unwrap(),
        [world.keys[0].address(), world.keys[2].address()]
    );
    let check = |suffix: &Suffix, context: &CallContext<'_>| {
        verify_call(&action, suffix, context).unwrap_err().check()
    };
    let signed = |change: fn(&mut Suffix)| check(&world.suffix(&action, change), &world.context());
    assert_eq!(signed(|suffix| suffix.level = 2), "level");
    assert_eq!(signed(|suffix| suffix.revision = 4), "revision");
    assert_eq!(signed(|suffix| suffix.epoch = 2), "epoch");
    assert_eq!(signed(|suffix| suffix.sequence = 1), "sequence");
    assert_eq!(signed(|suffix| suffix.max_cost = 1), "maxCost");
    assert_eq!(signed(|suffix| suffix.valid_until = NOW - 1), "expired");
    assert_eq!(signed(|suffix| suffix.valid_after = NOW), "notYetValid");

    let fewer = Suffix { signatures: good.signatures[..1].to_vec(), ..good.clone() };
    assert_eq!(check(&fewer, &world.context()), "tooFewSignatures");
    let twice = Suffix { signatures: vec![good.signatures[0]; 2], ..good.clone() };
    assert_eq!(check(&twice, &world.context()), "repeatedSigner");
    // Signed for another chain, or another contract.
    for domain in [Domain::new(1, world.domain.module), Domain::new(CHAIN, Address::ZERO)] {
        assert_eq!(check(&good, &CallContext { domain, ..world.context() }), "signature");
    }
    let stranger =
        OperatorSet::new(vec![Address::repeat_byte(1), Address::repeat_byte(2)]).unwrap();
    assert_eq!(
        check(&good, &CallContext { operators: &stranger, ..world.context() }),
        "operatorSet"
    );
}

#[test]
fn actions_are_told_apart_on_the_wire() {
    use crate::{Action, UserOperationAction};
    let call = Action::from(call_action(&contract(), CHAIN));
    let operation = Action::from(UserOperationAction {
        account: Address::repeat_byte(1),
        entry_point: Address::repeat_byte(2),
        nonce: U256::MAX,
        init_code: B256::ZERO,
        call_data: B256::ZERO,
        paymaster_and_data: B256::ZERO,
        account_code: B256::ZERO,
        call_gas_limit: u128::MAX,
        max_cost: U256::MAX,
    });
    for action in [call, operation] {
        let text = serde_json::to_string(&action).unwrap();
        assert_eq!(serde_json::from_str::<Action>(&text).unwrap(), action, "{text}");
    }
    assert!(call.as_call().is_some() && call.as_user_operation().is_none());
    assert!(serde_json::from_str::<Action>(r#"{"account":"0x00"}"#).is_err());
}

proptest! {
    /// Whatever is changed of a call, the attestation of another counts for nothing.
    #[test]
    fn an_attestation_is_for_one_call(field in 0usize..7, bit in 0usize..7) {
        let world = World::new();
        let AttestableCall { call: ProtectedCall::Contract(mut call), mut path, .. } = contract()
        else {
            panic!("another kind");
        };
        match field {
            0 => call.contract.0[7] ^= 1 << bit,
            1 => call.caller.0[7] ^= 1 << bit,
            2 => call.value ^= U256::ONE << bit,
            3 => call.data = vec![bit as u8].into(),
            4 => call.context.0[3] ^= 1 << bit,
            5 => call.nonce ^= 1 << bit,
            _ => path = CallPath::Posted,
        }
        let suffix = world.suffix(&call_action(&contract(), CHAIN), |_| {});
        let other = AttestableCall { chain_id: None, path, call: ProtectedCall::Contract(call) };
        let refused = verify_call(&call_action(&other, CHAIN), &suffix, &world.context());
        prop_assert_eq!(refused.unwrap_err().check(), "signature");
    }
}
