//! SimpleAccount of every EntryPoint version, owned by a key that is made up for the test.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolValue},
};
use writ_types::{EntryPoint, Factory, UserOperation};

use super::{
    artifacts::artifact,
    chain::{CHAIN_ID, TestChain},
};

sol! {
    function createAccount(address owner, uint256 salt);
    function getAddress(address owner, uint256 salt) returns (address);
    function execute(address target, uint256 value, bytes data);
}

/// Calldata of an account's `execute(target, value, data)`.
pub fn execute_call(target: Address, value: U256, data: Bytes) -> Bytes {
    executeCall { target, value, data }.abi_encode().into()
}

/// The reference account of an EntryPoint version, with its factory.
#[derive(Clone, Debug)]
pub struct SimpleAccount {
    /// Its EntryPoint.
    pub entry_point: EntryPoint,
    /// The factory that deploys it.
    pub factory: Address,
    /// The account's address, deployed or not.
    pub address: Address,
    /// Who signs for it.
    pub owner: PrivateKeySigner,
    salt: U256,
}

impl SimpleAccount {
    /// Deploys the factory and funds the address of an account that does not exist yet.
    ///
    /// # Panics
    /// When the contract packages are not installed.
    pub fn new(chain: &mut TestChain, entry_point: EntryPoint, salt: u64) -> Self {
        let mut code = artifact(entry_point.version, "SimpleAccountFactory").to_vec();
        code.extend(entry_point.address.abi_encode());
        let factory = chain.create(code.into());
        let owner =
            PrivateKeySigner::from_bytes(&keccak256(salt.to_be_bytes())).expect("a hash is a key");
        let salt = U256::from(salt);
        let call = getAddressCall { owner: owner.address(), salt };
        let answer = chain.send(factory, call.abi_encode().into(), U256::ZERO);
        let address = Address::abi_decode(&answer).expect("an address");
        chain.fund(address, U256::from(10).pow(U256::from(19)));
        Self { entry_point, factory, address, owner, salt }
    }

    /// The same, deployed by an operation of its own (nonce 0 of key 0 is used up).
    ///
    /// # Panics
    /// When the operation is not included.
    pub fn deployed(chain: &mut TestChain, entry_point: EntryPoint, salt: u64) -> Self {
        let account = Self::new(chain, entry_point, salt);
        chain.include(entry_point, &[account.operation(0, Bytes::new(), true)]);
        assert!(chain.state().code(&account.address).is_some(), "the account was not deployed");
        account
    }

    /// A signed operation with ample gas; `create` names the factory.
    pub fn operation(&self, nonce: u64, call_data: Bytes, create: bool) -> UserOperation {
        let mut op = UserOperation {
            version: self.entry_point.version,
            sender: self.address,
            nonce: U256::from(nonce),
            factory: create.then(|| Factory {
                address: self.factory,
                data: createAccountCall { owner: self.owner.address(), salt: self.salt }
                    .abi_encode()
                    .into(),
            }),
            call_data,
            call_gas_limit: 300_000,
            verification_gas_limit: 490_000,
            pre_verification_gas: U256::from(100_000),
            max_fee_per_gas: 3_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            paymaster: None,
            signature: Bytes::new(),
            authorization: None,
        };
        self.sign(&mut op);
        op
    }

    /// Signs an operation of this account anew.
    ///
    /// # Panics
    /// When its hash needs an EIP-7702 delegate.
    pub fn sign(&self, op: &mut UserOperation) {
        op.signature = self.signature(self.hash(op));
    }

    /// The userOpHash.
    ///
    /// # Panics
    /// When the hash needs an EIP-7702 delegate.
    pub fn hash(&self, op: &UserOperation) -> B256 {
        op.hash(self.entry_point.address, CHAIN_ID, None).expect("no delegate is needed")
    }

    /// The owner's signature over a userOpHash, as the account of this version wants it.
    ///
    /// # Panics
    /// Never: a local key always signs.
    pub fn signature(&self, hash: B256) -> Bytes {
        let signed = if self.entry_point.version.supports_eip7702() {
            self.owner.sign_hash_sync(&hash)
        } else {
            self.owner.sign_message_sync(hash.as_slice())
        };
        signed.expect("a local key signs").as_bytes().into()
    }
}
