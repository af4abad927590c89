//! An ERC-7579 account under Writ's module, with a quorum that signs whatever it is asked.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolCall,
};
use writ_attestation::{
    AccountPolicy, Bound, Bounds, Domain, ThrowawayQuorum, ThrowawayRequest, attach,
};
use writ_bindings::{
    DETERMINISTIC_DEPLOYER, SALT, deterministic_calldata, dev_account_creation_code,
    dev_configuration, dev_policy, erc7579::Erc7579Account, installation_data, module_address,
    module_creation_code,
};
use writ_simulation::{
    BlockHeader,
    estimation::SignaturePlan,
    test_utils::{CHAIN_ID, TestChain},
};
use writ_types::{EntryPoint, UserOperation};

/// The account, its owner and its operators.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) entry_point: EntryPoint,
    pub(crate) address: Address,
    owner: PrivateKeySigner,
    quorum: ThrowawayQuorum,
    policy: AccountPolicy,
    code_hash: B256,
    block: BlockHeader,
    bounds: Bounds,
}

impl Guarded {
    /// Deploys module, operator set and account; the account enforces a quorum of `threshold` of `operators`.
    pub(crate) fn new(
        chain: &mut TestChain,
        entry_point: EntryPoint,
        threshold: u8,
        operators: usize,
    ) -> Self {
        let owner = PrivateKeySigner::from_bytes(&keccak256("guarded")).expect("a hash is a key");
        let quorum = ThrowawayQuorum::new(operators).expect("a set");
        let set = quorum.set();
        chain.send(DETERMINISTIC_DEPLOYER, set.deployment_input(), U256::ZERO);
        let module = deterministic_calldata(SALT, &module_creation_code());
        chain.send(DETERMINISTIC_DEPLOYER, module, U256::ZERO);
        let policies = [dev_policy()];
        let operators = (set.address(), set.code_hash());
        let (owner_address, at) = (owner.address(), entry_point.address);
        let quorum_of = (threshold, threshold);
        let configuration = dev_configuration(owner_address, at, operators, quorum_of, &policies);
        let data = installation_data(&configuration, &policies);
        let address = chain.create(dev_account_creation_code(
            entry_point.address,
            module_address(),
            data,
            module_address(),
        ));
        chain.fund(address, U256::from(10).pow(U256::from(19)));
        let stored = chain.send(module_address(), AccountPolicy::call(address), U256::ZERO);
        let policy = AccountPolicy::decode(&stored).expect("configurationOf decodes");
        let code_hash = keccak256(chain.state().code(&address).expect("the account has code"));
        let bounds = Bounds::new(vec![Bound::native(u128::MAX)]);
        Self {
            entry_point,
            address,
            owner,
            quorum,
            policy,
            code_hash,
            block: *chain.header_mut(),
            bounds: bounds.expect("one bound"),
        }
    }

    /// An attested, signed operation that pays `wei` to `to`: the account's attested action number `sequence`,
    /// under a nonce key of its own, so that several fit into one bundle.
    pub(crate) fn payment(&self, sequence: u32, to: Address, wei: U256) -> UserOperation {
        self.call(sequence, to, wei, &[])
    }

    /// The same with calldata.
    pub(crate) fn call(&self, sequence: u32, to: Address, wei: U256, data: &[u8]) -> UserOperation {
        let single = [to.as_slice(), &wei.to_be_bytes::<32>(), data].concat();
        let call =
            Erc7579Account::executeCall { mode: B256::ZERO, executionCalldata: single.into() };
        let key = U256::from_be_slice(module_address().as_slice()) << 96;
        let mut operation = UserOperation {
            version: self.entry_point.version,
            sender: self.address,
            nonce: key | (U256::from(sequence) << 64),
            factory: None,
            call_data: call.abi_encode().into(),
            call_gas_limit: 300_000,
            verification_gas_limit: 490_000,
            pre_verification_gas: U256::from(100_000),
            max_fee_per_gas: 3_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            paymaster: None,
            signature: Bytes::new(),
            authorization: None,
        };
        self.sign(&mut operation);
        operation
    }

    /// The owner's signature and the attestation, anew.
    pub(crate) fn sign(&self, operation: &mut UserOperation) {
        operation.signature = self.owner_signature(operation);
        operation.signature = self.signature(operation).expect("the quorum signs");
    }

    pub(crate) fn owner_signature(&self, operation: &UserOperation) -> Bytes {
        let hash = operation.hash(self.entry_point.address, CHAIN_ID, None);
        let hash = hash.expect("no delegate is needed");
        self.owner.sign_hash_sync(&hash).expect("a local key signs").as_bytes().into()
    }
}

/// The quorum attests whatever the owner's part of the signature is.
impl SignaturePlan for Guarded {
    fn signature(&self, operation: &UserOperation) -> Result<Bytes, String> {
        let request = ThrowawayRequest {
            operation,
            entry_point: self.entry_point.address,
            domain: Domain::new(CHAIN_ID, module_address()),
            policy: &self.policy,
            account_code: self.code_hash,
            sequence: u64::from((operation.nonce >> 64_usize).as_limbs()[0] as u32),
            block: (self.block.number, self.block.hash, self.block.timestamp),
            max_cost: u128::MAX,
            bounds: &self.bounds,
        };
        let suffix = self.quorum.attest(&request).map_err(|error| error.to_string())?;
        attach(&operation.signature, &suffix).map_err(|error| error.to_string())
    }

    fn longest(&self, operation: &UserOperation) -> usize {
        operation.signature.len() + writ_attestation::MAX_SUFFIX_LEN
    }
}
