//! Whether the module receives an operation's signature, at the end of which an attestation travels.

use alloy::{
    primitives::{Address, B256, Bytes, FixedBytes},
    sol,
    sol_types::SolCall,
};
use writ_bindings::{
    Erc7579Account::{accountIdCall, isModuleInstalledCall},
    erc7579::MODULE_TYPE_VALIDATOR,
};
use writ_types::UserOperation;

use crate::{AccountKind, Validator};

sol! {
    /// Kernel: `type(1) ‖ address(20)`.
    function rootValidator() returns (bytes21);
    /// `IWritAccount`: the module that is a constant of the account's code.
    function writModule() returns (address module);
}

/// Most characters that are kept of what an account calls itself.
const MAX_ACCOUNT_ID: usize = 128;

/// What an account says that it is, at one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountIdentity {
    /// Its kind.
    pub kind: AccountKind,
    /// The validator module that is its root validator; none where the kind has no root, or where it is not a validator module.
    pub root_validator: Option<Address>,
    /// The module that the account has built in; none where the kind takes modules.
    pub built_in: Option<BuiltIn>,
}

/// What an account says of the module that is built into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BuiltIn {
    /// The module; none when the account does not say.
    pub module: Option<Address>,
    /// Whether the account lets that module validate: there is a configuration for it, and where the account is made of a key
    /// (EIP-7702), the key consented.
    pub initialized: bool,
}

/// An account is of a kind whose nonces and calldata are not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("accounts of kind {account_id:?} are not supported")]
pub struct UnknownKind {
    /// What its `accountId()` returned, at most 128 characters; empty when it returned no text.
    pub account_id: String,
}

/// Why no attestation can be placed in an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// The account's kind is not known.
    #[error(transparent)]
    UnknownKind(#[from] UnknownKind),
    /// The nonce asks for another mode than validation.
    #[error(
        "the nonce asks {} for {}, in which the module does not receive the signature as it is: use mode 0",
        .kind.name(),
        mode_name(*.kind, *.mode)
    )]
    NonceMode {
        /// The account's kind.
        kind: AccountKind,
        /// The mode.
        mode: u8,
    },
    /// The nonce asks for Kernel's root validator, and names another.
    #[error(
        "the nonce asks for the root validator (type 0) and names {validator} as well: leave it zero, or use type 1"
    )]
    RootWithValidator {
        /// The validator named.
        validator: Address,
    },
    /// The nonce names a permission of Kernel, whose signers and policies share the signature.
    #[error("the nonce names a permission (type 2), which is no validator module")]
    Permission,
    /// The nonce names something that Kernel does not know.
    #[error(
        "the nonce's validation type {validation:#04x} is not known: 0 is the root validator, 1 a validator"
    )]
    ValidationType {
        /// The type.
        validation: u8,
    },
    /// The nonce names another validator.
    #[error(
        "the nonce names validator {validator}, which would receive the signature instead of {module}, the module that \
         enforces the account's policy"
    )]
    OtherValidator {
        /// The validator named.
        validator: Address,
        /// The module.
        module: Address,
    },
    /// The account's root validator is not the module.
    #[error(
        "the nonce names the account's root validator, which is {} and not {module}, the module that enforces the \
         account's policy",
        .root.map_or_else(|| "no validator module".to_owned(), |root| root.to_string())
    )]
    OtherRoot {
        /// The root validator, where it is a validator module.
        root: Option<Address>,
        /// The module.
        module: Address,
    },
    /// Another module is built in.
    #[error(
        "the account has {} built in, and not {module}",
        .built_in.map_or_else(|| "no module that it names".to_owned(), |built_in| built_in.to_string())
    )]
    OtherBuiltIn {
        /// The module that is built in, if the account says which.
        built_in: Option<Address>,
        /// The module.
        module: Address,
    },
    /// The account has the module built in, and nothing validates yet.
    #[error(
        "the account ({}) has {module} built in and is not initialized, so that no operation of it validates: call its \
         initializeWrit in a transaction first{}",
        .kind.name(),
        consent(*.kind)
    )]
    NotInitialized {
        /// The account's kind.
        kind: AccountKind,
        /// The module.
        module: Address,
    },
    /// The operation initializes its account itself.
    #[error(
        "the operation has calldata behind the EIP-7702 marker, which would run in the account before anything is validated: \
         initialize the account in a transaction first"
    )]
    Initializes,
    /// The operation delegates an account of a kind that is no delegate.
    #[error(
        "the operation has an EIP-7702 authorization or marker, and accounts of kind {} are attested without: delegate the \
         account in a transaction first",
        .kind.name()
    )]
    Delegates {
        /// The kind of the account, as it is with the authorization.
        kind: AccountKind,
    },
    /// Kernel is called without its hook.
    #[error(
        "Kernel calls its hook for executeUserOp alone: put its selector {} in front of the account's calldata",
        crate::EXECUTE_USER_OP
    )]
    NotWrapped,
    /// The account is called where no hook looks.
    #[error("{function} of {} is called without its hook, and the module forbids it", .kind.name())]
    Forbidden {
        /// The function.
        function: &'static str,
        /// The account's kind.
        kind: AccountKind,
    },
}

/// What `initializeWrit` takes beside the configuration.
const fn consent(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::WritDelegate => ", with the consent of the account's key",
        _ => "",
    }
}

fn mode_name(kind: AccountKind, mode: u8) -> String {
    match (kind, mode) {
        (_, 1) => "enable mode".to_owned(),
        (AccountKind::Kernel, 2) => "install mode".to_owned(),
        _ => format!("mode {mode:#04x}"),
    }
}

impl AccountIdentity {
    /// Asks an account what it is. `ask` calls the account with these bytes, and gives nothing when the call fails.
    ///
    /// # Errors
    /// The outer error is `ask`'s, the inner one says that the kind is not known.
    pub async fn ask<E, F: Future<Output = Result<Option<Bytes>, E>>>(
        ask: impl Fn(Bytes) -> F,
    ) -> Result<Result<Self, UnknownKind>, E> {
        let answer = ask(accountIdCall {}.abi_encode().into()).await?;
        let account_id: String = answer
            .and_then(|answer| accountIdCall::abi_decode_returns_validate(&answer).ok())
            .map_or_else(String::new, |id| id.chars().take(MAX_ACCOUNT_ID).collect());
        let Some(kind) = AccountKind::from_account_id(&account_id) else {
            return Ok(Err(UnknownKind { account_id }));
        };
        let root_validator = match kind {
            AccountKind::Kernel => ask(rootValidatorCall {}.abi_encode().into())
                .await?
                .and_then(|answer| answer.first_chunk::<32>().copied())
                .and_then(|word| root(B256::from(word))),
            _ => None,
        };
        let built_in = if kind.is_built_in() { Some(BuiltIn::ask(ask).await?) } else { None };
        Ok(Ok(Self { kind, root_validator, built_in }))
    }

    /// What the account calls itself with under its hook, if an attestation at the end of the operation's signature reaches
    /// `module`.
    ///
    /// # Errors
    /// [`PlacementError`] says who receives the signature instead, or which call no hook sees.
    pub fn place<'a>(
        &self,
        operation: &'a UserOperation,
        module: Address,
    ) -> Result<&'a [u8], PlacementError> {
        match self.kind.validator(operation.nonce)? {
            Validator::Module(validator) if validator != module => {
                return Err(PlacementError::OtherValidator { validator, module });
            }
            Validator::Root if self.root_validator != Some(module) => {
                return Err(PlacementError::OtherRoot { root: self.root_validator, module });
            }
            Validator::BuiltIn => self.initialized_with(module)?,
            _ => {}
        }
        self.delegates(operation)?;
        self.kind.hooked(&operation.call_data)
    }

    /// That the account has `module` built in, and lets it validate.
    fn initialized_with(&self, module: Address) -> Result<(), PlacementError> {
        match self.built_in {
            Some(BuiltIn { module: Some(built_in), initialized }) if built_in == module => {
                if initialized {
                    Ok(())
                } else {
                    Err(PlacementError::NotInitialized { kind: self.kind, module })
                }
            }
            other => {
                let built_in = other.and_then(|built_in| built_in.module);
                Err(PlacementError::OtherBuiltIn { built_in, module })
            }
        }
    }

    /// That the operation brings no code to its account but the delegation of an account that is made for it. A factory is
    /// somebody else's code, and judged apart.
    fn delegates(&self, operation: &UserOperation) -> Result<(), PlacementError> {
        let marker = operation.factory.as_ref().filter(|factory| factory.is_eip7702());
        if marker.is_some_and(|marker| !marker.data.is_empty()) {
            return Err(PlacementError::Initializes);
        }
        let delegates = marker.is_some() || operation.authorization.is_some();
        if delegates && self.kind != AccountKind::WritDelegate {
            return Err(PlacementError::Delegates { kind: self.kind });
        }
        Ok(())
    }
}

impl BuiltIn {
    async fn ask<E, F: Future<Output = Result<Option<Bytes>, E>>>(
        ask: impl Fn(Bytes) -> F,
    ) -> Result<Self, E> {
        let module = ask(writModuleCall {}.abi_encode().into())
            .await?
            .and_then(|answer| writModuleCall::abi_decode_returns_validate(&answer).ok());
        let Some(asked) = module else { return Ok(Self { module, initialized: false }) };
        let question = isModuleInstalledCall {
            moduleTypeId: MODULE_TYPE_VALIDATOR,
            module: asked,
            additionalContext: Bytes::new(),
        };
        let initialized = ask(question.abi_encode().into())
            .await?
            .and_then(|answer| isModuleInstalledCall::abi_decode_returns_validate(&answer).ok())
            .unwrap_or(false);
        Ok(Self { module, initialized })
    }
}

/// The validator module in Kernel's answer; a permission is none.
fn root(word: B256) -> Option<Address> {
    let [kind, rest @ ..] = word.0;
    let validator = FixedBytes::<20>::from_slice(&rest[..20]);
    (kind == 1).then_some(Address(validator))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use alloy::{primitives::U256, sol_types::SolValue};
    use writ_types::EntryPointVersion;

    use super::*;
    use crate::EXECUTE_USER_OP;

    const MODULE: Address = Address::repeat_byte(0x33);
    const OTHER: Address = Address::repeat_byte(0x44);
    const INITIALIZED: BuiltIn = BuiltIn { module: Some(MODULE), initialized: true };

    fn answer<F: Future>(future: F) -> F::Output {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(output) => output,
            std::task::Poll::Pending => panic!("nothing was to be waited for"),
        }
    }

    fn identify(
        id: &Option<Bytes>,
        root: Option<[u8; 21]>,
    ) -> Result<AccountIdentity, UnknownKind> {
        let asked = accountIdCall {}.abi_encode();
        let answers = |data: Bytes| {
            if data == asked {
                return std::future::ready(Ok::<_, ()>(id.clone()));
            }
            if data == (writModuleCall {}).abi_encode() {
                return std::future::ready(Ok(Some(MODULE.abi_encode().into())));
            }
            if data == installed(MODULE) {
                return std::future::ready(Ok(Some(true.abi_encode().into())));
            }
            assert_eq!(data, rootValidatorCall {}.abi_encode());
            // A short value stands at the left of its word.
            let word = root.map(|root| [&root[..], &[0; 11]].concat().into());
            std::future::ready(Ok(word))
        };
        answer(AccountIdentity::ask(answers)).unwrap()
    }

    fn installed(module: Address) -> Vec<u8> {
        isModuleInstalledCall { moduleTypeId: U256::ONE, module, additionalContext: Bytes::new() }
            .abi_encode()
    }

    fn id(text: &str) -> Option<Bytes> {
        Some((text.to_owned(),).abi_encode_params().into())
    }

    fn kernel_root(kind: u8, address: Address) -> Option<[u8; 21]> {
        let mut root = [kind; 21];
        root[1..].copy_from_slice(address.as_slice());
        Some(root)
    }

    #[test]
    fn an_account_is_asked_what_it_is_and_kernel_who_its_root_is() {
        for kind in AccountKind::ALL {
            let root = kernel_root(1, MODULE);
            let identity = identify(&id(kind.account_id()), root).unwrap();
            let root_validator = (kind == AccountKind::Kernel).then_some(MODULE);
            let built_in = kind.is_built_in().then_some(INITIALIZED);
            assert_eq!(identity, AccountIdentity { kind, root_validator, built_in });
        }
        let kernel = id(AccountKind::Kernel.account_id());
        for root in [None, kernel_root(0, MODULE), kernel_root(2, MODULE)] {
            assert_eq!(identify(&kernel, root).unwrap().root_validator, None);
        }
    }

    #[test]
    fn what_does_not_say_what_it_is_is_refused_by_what_it_says() {
        let unknown = |answer| identify(&answer, None).unwrap_err().account_id;
        assert_eq!(unknown(None), "");
        assert_eq!(unknown(Some(Bytes::from_static(&[1, 2, 3]))), "");
        assert_eq!(unknown(id("biconomy.nexus.1.2.0")), "biconomy.nexus.1.2.0");
        assert_eq!(unknown(id(&"x".repeat(10_000))).len(), MAX_ACCOUNT_ID);
        let error = identify(&id("biconomy.nexus.1.2.0"), None).unwrap_err();
        assert!(PlacementError::from(error).to_string().contains("\"biconomy.nexus.1.2.0\""));
    }

    #[test]
    fn a_question_that_cannot_be_asked_is_no_answer() {
        let asked = Mutex::new(0);
        let failed = answer(AccountIdentity::ask(|_| {
            *asked.lock().unwrap() += 1;
            std::future::ready(Err::<Option<Bytes>, _>("no node"))
        }));
        assert_eq!((failed, *asked.lock().unwrap()), (Err("no node"), 1));
    }

    fn operation(key: alloy::primitives::aliases::U192, call_data: Vec<u8>) -> UserOperation {
        let json = serde_json::json!({
            "sender": OTHER, "nonce": U256::from(key) << 64, "callData": Bytes::from(call_data),
            "callGasLimit": "0x1", "verificationGasLimit": "0x2", "preVerificationGas": "0x3",
            "maxFeePerGas": "0xa", "maxPriorityFeePerGas": "0x1", "signature": "0x"
        });
        UserOperation::from_rpc(&json, EntryPointVersion::V07).unwrap()
    }

    fn execute(kind: AccountKind) -> Vec<u8> {
        let execute = alloy::primitives::hex!("e9ae5c5300");
        let wrap = if kind == AccountKind::Kernel { &EXECUTE_USER_OP[..] } else { &[] };
        [wrap, &execute].concat()
    }

    #[test]
    fn an_attestation_is_placed_where_the_module_is_named_and_nowhere_else() {
        for kind in AccountKind::MODULAR {
            let identity = AccountIdentity { kind, root_validator: None, built_in: None };
            let place = |validator| {
                let key = kind.nonce_key(Validator::Module(validator), 7).unwrap();
                let operation = operation(key, execute(kind));
                identity.place(&operation, MODULE).map(<[u8]>::to_vec)
            };
            assert_eq!(place(MODULE), Ok(execute(AccountKind::Reference)));
            let expected = PlacementError::OtherValidator { validator: OTHER, module: MODULE };
            assert_eq!(place(OTHER), Err(expected));
        }
    }

    #[test]
    fn kernels_root_has_to_be_the_module() {
        let key = AccountKind::Kernel.nonce_key(Validator::Root, 7).unwrap();
        let operation = operation(key, execute(AccountKind::Kernel));
        let place = |root_validator| {
            let kernel =
                AccountIdentity { kind: AccountKind::Kernel, root_validator, built_in: None };
            kernel.place(&operation, MODULE).map(<[u8]>::to_vec)
        };
        assert!(place(Some(MODULE)).is_ok());
        for root in [None, Some(OTHER)] {
            let error = place(root).unwrap_err();
            assert_eq!(error, PlacementError::OtherRoot { root, module: MODULE });
        }
        assert!(place(None).unwrap_err().to_string().contains("no validator module"));
    }

    fn built_in(kind: AccountKind, built_in: Option<BuiltIn>) -> AccountIdentity {
        AccountIdentity { kind, root_validator: None, built_in }
    }

    /// An operation of one of the account's own keys.
    fn own(kind: AccountKind) -> UserOperation {
        operation(kind.nonce_key(Validator::BuiltIn, 7).unwrap(), execute(kind))
    }

    #[test]
    fn a_module_that_is_built_in_is_named_by_the_account_itself() {
        for kind in AccountKind::BUILT_IN {
            let place = |is| built_in(kind, is).place(&own(kind), MODULE).map(<[u8]>::to_vec);
            assert_eq!(place(Some(INITIALIZED)), Ok(execute(kind)));
            let waiting = BuiltIn { initialized: false, ..INITIALIZED };
            let expected = PlacementError::NotInitialized { kind, module: MODULE };
            assert_eq!(place(Some(waiting)), Err(expected));
            for other in [Some(OTHER), None] {
                for initialized in [true, false] {
                    let is = BuiltIn { module: other, initialized };
                    let expected = PlacementError::OtherBuiltIn { built_in: other, module: MODULE };
                    assert_eq!(place(Some(is)), Err(expected));
                }
            }
            assert!(place(None).is_err(), "it says nothing of a module");
        }
        let told = |kind| PlacementError::NotInitialized { kind, module: MODULE }.to_string();
        assert!(told(AccountKind::WritDelegate).contains("initializeWrit"));
        assert!(told(AccountKind::WritDelegate).contains("consent of the account's key"));
        assert!(!told(AccountKind::WritSimpleAccount).contains("consent"));
    }

    #[test]
    fn what_an_account_does_not_say_plainly_of_its_module_is_no_answer() {
        let say = |module: Vec<u8>, initialized: Vec<u8>| {
            let answers = |data: Bytes| {
                let answer = match data.first_chunk::<4>() {
                    Some(&accountIdCall::SELECTOR) => id("writ.delegate.1.0.0"),
                    Some(&writModuleCall::SELECTOR) => Some(module.clone().into()),
                    _ => Some(initialized.clone().into()),
                };
                std::future::ready(Ok::<_, ()>(answer))
            };
            answer(AccountIdentity::ask(answers)).unwrap().unwrap().built_in.unwrap()
        };
        let (module, yes) = (MODULE.abi_encode(), true.abi_encode());
        assert_eq!(say(module.clone(), yes.clone()), INITIALIZED);
        // An address or a truth with other bytes than its own.
        let (mut dirty, mut two) = (module.clone(), yes.clone());
        (dirty[0], two[31]) = (1, 2);
        for bad in [dirty, module[..31].to_vec(), Vec::new()] {
            assert_eq!(say(bad, yes.clone()), BuiltIn { module: None, initialized: false });
        }
        for no in [false.abi_encode(), two, yes[..31].to_vec(), Vec::new()] {
            let expected = BuiltIn { initialized: false, ..INITIALIZED };
            assert_eq!(say(module.clone(), no), expected);
        }
    }

    #[test]
    fn an_operation_brings_no_code_but_the_delegation_of_a_delegate() {
        use alloy::{
            eips::eip7702::{Authorization, SignedAuthorization},
            primitives::U256,
        };
        use writ_types::{EIP7702_FACTORY, Factory};

        let marker = |data: &'static [u8]| {
            Some(Factory { address: EIP7702_FACTORY, data: Bytes::from_static(data) })
        };
        let tuple = Authorization { chain_id: U256::ZERO, address: OTHER, nonce: 0 };
        let tuple = SignedAuthorization::new_unchecked(tuple, 0, U256::ONE, U256::ONE);
        for kind in AccountKind::ALL {
            let identity = AccountIdentity {
                kind,
                root_validator: None,
                built_in: kind.is_built_in().then_some(INITIALIZED),
            };
            let validator = match kind.is_built_in() {
                true => Validator::BuiltIn,
                false => Validator::Module(MODULE),
            };
            let plain = operation(kind.nonce_key(validator, 7).unwrap(), execute(kind));
            assert!(identity.place(&plain, MODULE).is_ok());
            let initializes = UserOperation { factory: marker(&[1]), ..plain.clone() };
            assert_eq!(identity.place(&initializes, MODULE), Err(PlacementError::Initializes));
            for (factory, authorization) in [
                (marker(&[]), None),
                (None, Some(tuple.clone())),
                (marker(&[]), Some(tuple.clone())),
            ] {
                let delegates = UserOperation { factory, authorization, ..plain.clone() };
                let placed = identity.place(&delegates, MODULE).map(<[u8]>::to_vec);
                match kind {
                    AccountKind::WritDelegate => assert_eq!(placed, Ok(execute(kind))),
                    _ => assert_eq!(placed, Err(PlacementError::Delegates { kind })),
                }
            }
        }
    }

    #[test]
    fn what_no_hook_sees_is_not_placed_either() {
        for kind in AccountKind::ALL {
            let identity = AccountIdentity {
                kind,
                root_validator: Some(MODULE),
                built_in: kind.is_built_in().then_some(INITIALIZED),
            };
            let mut data = EXECUTE_USER_OP.to_vec();
            if kind == AccountKind::Kernel {
                data.extend_from_slice(EXECUTE_USER_OP.as_slice());
            }
            let validator = match kind.is_built_in() {
                true => Validator::BuiltIn,
                false => Validator::Module(MODULE),
            };
            let key = kind.nonce_key(validator, 0).unwrap();
            let error = identity.place(&operation(key, data), MODULE).unwrap_err();
            assert_eq!(error, PlacementError::Forbidden { function: "executeUserOp", kind });
        }
    }
}
