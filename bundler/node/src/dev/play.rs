//! The demonstration's script: what is tried through the public RPC and around it, and what must
//! come of it. Every refusal has a control that differs in that one thing and goes through.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, B256, Bytes, FixedBytes, U256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolError, SolStruct, eip712_domain},
};
use serde_json::json;
use writ_attestation::{Suffix, attach};
use writ_bindings::WritModule;
use writ_types::{EntryPointVersion, UserOperation};

use super::{
    Claim, DevError, DevNetwork, RpcFailure, Screen, Transcript, Wallet,
    direct::{self, EntryPointRefusal},
    limits::in_tokens,
    stage::mined,
};

/// How long an operation may take from the RPC to its receipt.
const INCLUSION_LIMIT: Duration = Duration::from_secs(30);
/// How long the bundler may take to say that there is no quorum. Its own limit is shorter.
const NO_QUORUM_LIMIT: Duration = Duration::from_secs(15);

const DENIED: i64 = -32532;
const ATTESTATION_INVALID: i64 = -32531;
const NO_QUORUM: i64 = -32534;

sol! {
    /// What the owner signs to change the configuration.
    struct Configure {
        address account;
        bytes32 configuration;
        uint256 nonce;
    }
}

/// Everything that the scenes need.
#[derive(Debug)]
pub(super) struct Play {
    /// Where it is printed.
    pub(super) screen: Screen,
    /// What runs.
    pub(super) network: DevNetwork,
    /// What is claimed.
    pub(super) transcript: Transcript,
    wallet: Wallet,
    wallet_v07: Wallet,
}

impl Play {
    /// A play on `network`, of which nothing was played.
    pub(super) fn new(screen: Screen, network: DevNetwork) -> Self {
        let transcript = Transcript {
            node: network.chain.url().to_string(),
            module: network.stage.module,
            token: network.stage.token,
            per_operation: network.limits.per_operation,
            per_day: network.limits.per_day,
            accounts: vec![network.stage.account_v08, network.stage.account_v07],
            claims: Vec::new(),
        };
        let wallet = network.wallet(EntryPointVersion::V08);
        let wallet_v07 = network.wallet(EntryPointVersion::V07);
        Self { screen, network, transcript, wallet, wallet_v07 }
    }

    /// The userOpHash of the last operation that was included.
    pub(super) fn last_included(&self) -> Option<B256> {
        self.transcript.claims.iter().rev().find_map(|claim| match claim {
            Claim::Included { user_op_hash, .. } => Some(*user_op_hash),
            _ => None,
        })
    }

    /// Plays every scene, in order. The first that does not go as described ends it.
    pub(super) async fn run(&mut self) -> Result<(), DevError> {
        self.allowed().await?;
        self.over_the_operation_limit().await?;
        self.over_the_day().await?;
        self.around_the_bundler().await?;
        self.moved_attestation().await?;
        self.changed_configuration().await?;
        self.operators_fail().await
    }

    async fn allowed(&mut self) -> Result<(), DevError> {
        self.screen.scene("A transfer that the policy allows");
        for wallet in [self.wallet.clone(), self.wallet_v07.clone()] {
            let amount = self.network.limits.draw(45, 55);
            let (operation, recipient) = self.transfer(&wallet, amount, 0).await?;
            let version = wallet.entry_point.version;
            self.screen.tried(&format!("EntryPoint {version}: send {}", in_tokens(amount)));
            self.send_and_see(&wallet, &operation, recipient, amount, "an allowed transfer")
                .await?;
        }
        Ok(())
    }

    async fn over_the_operation_limit(&mut self) -> Result<(), DevError> {
        self.screen.scene("A transfer over the limit of one operation");
        let wallet = self.wallet.clone();
        let above = self.network.limits.draw(110, 140);
        let (operation, _) = self.transfer(&wallet, above, 0).await?;
        self.screen.tried(&format!(
            "send {}, the limit is {}",
            in_tokens(above),
            in_tokens(self.network.limits.per_operation)
        ));
        let title = "a transfer over the per-operation limit";
        self.denied(&wallet, &operation, "per-operation", title).await?;
        let within = self.network.limits.draw(60, 65);
        let (control, recipient) = self.transfer(&wallet, within, 0).await?;
        self.screen.tried(&format!("the same with {}", in_tokens(within)));
        self.send_and_see(&wallet, &control, recipient, within, "its control, under the limit")
            .await
    }

    async fn over_the_day(&mut self) -> Result<(), DevError> {
        self.screen.scene("A transfer under that limit, over what is left of the day");
        let wallet = self.wallet.clone();
        let left = self.network.limits.left_of_day();
        let above = left + self.network.limits.draw(1, 4);
        let (operation, _) = self.transfer(&wallet, above, 0).await?;
        self.screen.tried(&format!(
            "send {}; of the day's {} there are {} left",
            in_tokens(above),
            in_tokens(self.network.limits.per_day),
            in_tokens(left)
        ));
        self.denied(&wallet, &operation, "daily limit", "a transfer over what is left of the day")
            .await?;
        let within = self.network.limits.draw(3, 6);
        let (control, recipient) = self.transfer(&wallet, within, 0).await?;
        self.screen.tried(&format!("the same with {}", in_tokens(within)));
        self.send_and_see(&wallet, &control, recipient, within, "its control, within the day").await
    }

    async fn around_the_bundler(&mut self) -> Result<(), DevError> {
        self.screen.scene("Around the bundler: straight to EntryPoint.handleOps");
        let wallet = self.wallet.clone();
        let above = self.network.limits.draw(110, 140);
        let (operation, _) = self.transfer(&wallet, above, 1).await?;
        self.screen.tried(&format!("the owner signs {} and sends it past Writ", in_tokens(above)));
        self.refused_on_chain(
            &wallet,
            &operation,
            "AA23",
            Some(WritModule::AttestationRequired::SELECTOR),
            "an over-limit operation sent straight to the EntryPoint",
        )
        .await?;
        let within = self.network.limits.draw(2, 4);
        let (control, recipient) = self.transfer(&wallet, within, 1).await?;
        let attested = self.attest(&wallet, &control).await?;
        self.screen.tried(&format!("{} with an attestation, the same way", in_tokens(within)));
        self.direct_and_see(&wallet, &attested, recipient, within, "its control, attested").await
    }

    async fn moved_attestation(&mut self) -> Result<(), DevError> {
        self.screen.scene("A valid attestation, moved to another operation");
        let wallet = self.wallet.clone();
        let amount = self.network.limits.draw(2, 4);
        let (operation, recipient) = self.transfer(&wallet, amount, 2).await?;
        let attested = self.attest(&wallet, &operation).await?;
        let suffix = suffix_of(&attested)?;

        self.screen.tried("to other calldata");
        let other = Wallet::transfer(self.network.stage.token, recipient, amount + U256::from(1));
        let mut moved = UserOperation { call_data: other, ..operation.clone() };
        moved = carry(&wallet, moved, &suffix)?;
        let title = "an attestation moved to other calldata";
        self.refused_by_gate_and_chain(&wallet, &moved, "AA24", None, title).await?;

        self.screen.tried("to another nonce");
        let nonce = wallet.next_nonce(3).await?;
        let moved = carry(&wallet, UserOperation { nonce, ..operation.clone() }, &suffix)?;
        let title = "an attestation moved to another nonce";
        self.refused_by_gate_and_chain(&wallet, &moved, "AA24", None, title).await?;

        self.screen.tried("to the other EntryPoint's account");
        let other = self.wallet_v07.clone();
        let (theirs, _) = self.transfer(&other, amount, 2).await?;
        let moved = carry(&other, theirs, &suffix)?;
        // That account has attested less often, so that the sequence is refused before the quorum.
        let stale = Some(WritModule::SequenceMismatch::SELECTOR);
        let title = "an attestation moved to the other EntryPoint's account";
        self.refused_by_gate_and_chain(&other, &moved, "AA23", stale, title).await?;

        self.screen.tried("where it belongs");
        self.direct_and_see(&wallet, &attested, recipient, amount, "its control, not moved")
            .await?;

        self.screen.tried("to the next nonce, once it has been used");
        let (next, _) = self.transfer(&wallet, amount, 2).await?;
        let moved = carry(&wallet, next, &suffix)?;
        let title = "an attestation used for the next nonce";
        self.refused_by_gate_and_chain(&wallet, &moved, "AA23", stale, title).await
    }

    async fn changed_configuration(&mut self) -> Result<(), DevError> {
        self.screen.scene("A valid attestation, after the configuration changed");
        let wallet = self.wallet.clone();
        let amount = self.network.limits.draw(2, 4);
        let (operation, recipient) = self.transfer(&wallet, amount, 4).await?;
        let attested = self.attest(&wallet, &operation).await?;
        self.strengthen().await?;
        let stale = Some(WritModule::RevisionMismatch::SELECTOR);
        let title = "an attestation of an earlier revision";
        self.refused_by_gate_and_chain(&wallet, &attested, "AA23", stale, title).await?;
        self.screen.tried("the same operation, attested under the new configuration");
        let renewed = self.attest(&wallet, &operation).await?;
        let title = "its control, of the current revision";
        self.direct_and_see(&wallet, &renewed, recipient, amount, title).await
    }

    async fn operators_fail(&mut self) -> Result<(), DevError> {
        self.screen.scene("Operators fail, 2 of 3 must sign");
        let wallet = self.wallet.clone();
        self.network.operators[0].kill().await?;
        let amount = self.network.limits.draw(1, 2);
        let (operation, recipient) = self.transfer(&wallet, amount, 0).await?;
        self.screen.tried(&format!("one operator is killed; send {}", in_tokens(amount)));
        let title = "a transfer with one operator of three down";
        self.send_and_see(&wallet, &operation, recipient, amount, title).await?;

        self.network.operators[1].kill().await?;
        let amount = self.network.limits.draw(1, 2);
        let (operation, recipient) = self.transfer(&wallet, amount, 0).await?;
        self.screen.tried(&format!("a second one is killed; send {}", in_tokens(amount)));
        let started = Instant::now();
        let failure = self.must_refuse(&wallet, &operation, NO_QUORUM).await?;
        let took = started.elapsed();
        if took > NO_QUORUM_LIMIT {
            return Err(DevError::unexpected(format!("no quorum was said only after {took:?}")));
        }
        self.screen.refused(&format!(
            "refused after {:.1} s: {}",
            took.as_secs_f32(),
            say(&failure)
        ));
        let title = "a transfer with two operators of three down";
        self.never_included(&wallet, &operation, title)?;

        for operator in &mut self.network.operators[..2] {
            operator.restart().await?;
        }
        self.screen.tried("both are started again; the same operation");
        let title = "its control, all operators up";
        self.send_and_see_again(&wallet, &operation, recipient, amount, title).await
    }

    /// A signed transfer of `amount` to a fresh address.
    async fn transfer(
        &self,
        wallet: &Wallet,
        amount: U256,
        lane: u32,
    ) -> Result<(UserOperation, Address), DevError> {
        let recipient = PrivateKeySigner::random().address();
        let call_data = Wallet::transfer(self.network.stage.token, recipient, amount);
        Ok((wallet.prepare(call_data, lane).await?, recipient))
    }

    /// Sends through the public RPC, waits for the receipt and checks it.
    async fn send_and_see(
        &mut self,
        wallet: &Wallet,
        operation: &UserOperation,
        recipient: Address,
        amount: U256,
        title: &str,
    ) -> Result<(), DevError> {
        let hash = wallet.hash(operation)?;
        match wallet.send(operation).await {
            Ok(answered) if answered == hash => {}
            Ok(other) => return Err(DevError::unexpected(format!("{other} instead of {hash}"))),
            Err(Ok(failure)) => return Err(refused_unexpectedly(title, &failure)),
            Err(Err(error)) => return Err(error),
        }
        let receipt = wallet.bundler().receipt(hash, INCLUSION_LIMIT).await?;
        if receipt["success"] != json!(true) {
            return Err(DevError::unexpected(format!("{title}: {receipt}")));
        }
        let transaction = parse(&receipt["receipt"]["transactionHash"])?;
        let block: U256 = parse(&receipt["receipt"]["blockNumber"])?;
        let gas: U256 = parse(&receipt["actualGasUsed"])?;
        self.screen.passed(&format!("attested by a quorum, included in block {block}, {gas} gas"));
        self.included(wallet, hash, transaction, recipient, amount, title);
        Ok(())
    }

    /// As [`Self::send_and_see`], for an operation that was claimed never to be included before.
    async fn send_and_see_again(
        &mut self,
        wallet: &Wallet,
        operation: &UserOperation,
        recipient: Address,
        amount: U256,
        title: &str,
    ) -> Result<(), DevError> {
        let hash = wallet.hash(operation)?;
        // At the time of that claim it was true; from here on the chain shows the operation.
        self.transcript.claims.retain(
            |claim| !matches!(claim, Claim::NeverIncluded { user_op_hash, .. } if *user_op_hash == hash),
        );
        self.send_and_see(wallet, operation, recipient, amount, title).await
    }

    /// Sends straight to the EntryPoint and checks that it ran.
    async fn direct_and_see(
        &mut self,
        wallet: &Wallet,
        operation: &UserOperation,
        recipient: Address,
        amount: U256,
        title: &str,
    ) -> Result<(), DevError> {
        let outcome = self.direct(wallet, operation).await?;
        if let Some(refusal) = outcome.refusal {
            return Err(DevError::unexpected(format!("{title}: {}", say_refusal(&refusal))));
        }
        self.screen.passed("the module lets it through");
        let hash = wallet.hash(operation)?;
        self.included(wallet, hash, outcome.transaction, recipient, amount, title);
        Ok(())
    }

    /// The policy refuses, with a reason that says which limit.
    async fn denied(
        &mut self,
        wallet: &Wallet,
        operation: &UserOperation,
        limit: &str,
        title: &str,
    ) -> Result<(), DevError> {
        let failure = self.must_refuse(wallet, operation, DENIED).await?;
        let reasons: Vec<String> = parse(&failure.data["reasons"])?;
        if !reasons.iter().any(|reason| reason.contains(limit)) {
            return Err(DevError::unexpected(format!(
                "{title}: no reason names {limit}: {reasons:?}"
            )));
        }
        for reason in reasons {
            self.screen.refused(&format!("denied by the policy ({}): {reason}", failure.code));
        }
        self.never_included(wallet, operation, title)
    }

    /// The gate refuses the attestation, and so does the module when asked directly.
    async fn refused_by_gate_and_chain(
        &mut self,
        wallet: &Wallet,
        operation: &UserOperation,
        code: &str,
        selector: Option<[u8; 4]>,
        title: &str,
    ) -> Result<(), DevError> {
        let failure = self.must_refuse(wallet, operation, ATTESTATION_INVALID).await?;
        self.screen.refused(&format!("by the gate: {}", say(&failure)));
        self.refused_on_chain(wallet, operation, code, selector, title).await
    }

    /// The module refuses, with exactly this error.
    async fn refused_on_chain(
        &mut self,
        wallet: &Wallet,
        operation: &UserOperation,
        code: &str,
        selector: Option<[u8; 4]>,
        title: &str,
    ) -> Result<(), DevError> {
        let selector = selector.map(FixedBytes::from);
        let outcome = self.direct(wallet, operation).await?;
        let Some(refusal) = outcome.refusal else {
            return Err(DevError::unexpected(format!("{title}: the chain let it through")));
        };
        if refusal.code() != code || refusal.selector() != selector {
            return Err(DevError::unexpected(format!("{title}: {}", say_refusal(&refusal))));
        }
        self.screen.refused(&format!("by the module: {}", say_refusal(&refusal)));
        self.transcript.claims.push(Claim::RefusedOnChain {
            title: title.to_owned(),
            user_op_hash: wallet.hash(operation)?,
            transaction: outcome.transaction,
            entry_point: wallet.entry_point.address,
            code: code.to_owned(),
            selector,
        });
        Ok(())
    }

    async fn direct(
        &self,
        wallet: &Wallet,
        operation: &UserOperation,
    ) -> Result<direct::DirectOutcome, DevError> {
        let operations = std::slice::from_ref(operation);
        direct::handle_ops(
            &self.network.stage.provider,
            self.network.stage.deployer,
            wallet.entry_point,
            operations,
        )
        .await
    }

    async fn must_refuse(
        &self,
        wallet: &Wallet,
        operation: &UserOperation,
        code: i64,
    ) -> Result<RpcFailure, DevError> {
        match wallet.send(operation).await {
            Err(Ok(failure)) if failure.code == code => Ok(failure),
            Err(Ok(failure)) => Err(DevError::unexpected(format!(
                "{code} was due, not {} {}",
                say(&failure),
                failure.data
            ))),
            Err(Err(error)) => Err(error),
            Ok(hash) => {
                Err(DevError::unexpected(format!("{code} was due, and {hash} was accepted")))
            }
        }
    }

    async fn attest(
        &self,
        wallet: &Wallet,
        operation: &UserOperation,
    ) -> Result<UserOperation, DevError> {
        let params = json!([operation.to_rpc(), wallet.entry_point.address]);
        let attested = wallet.bundler().must("writ_attest", params).await?;
        UserOperation::from_rpc(&attested, wallet.entry_point.version)
            .map_err(|error| DevError::unexpected(format!("writ_attest: {error}")))
    }

    /// The owner lengthens the exit delay: a strengthening, in force at once, that voids every
    /// outstanding attestation.
    async fn strengthen(&mut self) -> Result<(), DevError> {
        let module = WritModule::new(self.network.stage.module, &self.network.stage.provider);
        let account = self.network.stage.account_v08;
        let current = module
            .configurationOf(account)
            .call()
            .await
            .map_err(DevError::chain("configuration"))?;
        let mut next = current.configuration;
        next.exitDelay += 3600;
        let nonce = U256::from(current.state.configurationNonce);
        let configuration = writ_bindings::configuration_hash(&next);
        let domain = eip712_domain! {
            name: writ_attestation::DOMAIN_NAME,
            version: writ_attestation::DOMAIN_VERSION,
            chain_id: super::chain::CHAIN_ID,
            verifying_contract: self.network.stage.module,
        };
        let digest = Configure { account, configuration, nonce }.eip712_signing_hash(&domain);
        let signature = self
            .network
            .owner
            .sign_hash_sync(&digest)
            .map_err(|error| DevError::unexpected(format!("signing: {error}")))?;
        let change = module.configure(
            account,
            next,
            self.network.limits.references(),
            nonce,
            signature.as_bytes().to_vec().into(),
            Bytes::new(),
        );
        mined(change.send().await.map_err(DevError::chain("configure"))?).await?;
        let revision = current.state.revision;
        self.screen.tried(&format!("the owner lengthens the exit delay: revision {revision} ends"));
        Ok(())
    }

    fn included(
        &mut self,
        wallet: &Wallet,
        user_op_hash: B256,
        transaction: B256,
        recipient: Address,
        amount: U256,
        title: &str,
    ) {
        if wallet.account == self.network.stage.account_v08 {
            self.network.limits.spend(amount);
        }
        self.transcript.claims.push(Claim::Included {
            title: title.to_owned(),
            user_op_hash,
            transaction,
            entry_point: wallet.entry_point.address,
            account: wallet.account,
            recipient,
            amount,
        });
    }

    fn never_included(
        &mut self,
        wallet: &Wallet,
        operation: &UserOperation,
        title: &str,
    ) -> Result<(), DevError> {
        self.transcript.claims.push(Claim::NeverIncluded {
            title: title.to_owned(),
            user_op_hash: wallet.hash(operation)?,
            entry_point: wallet.entry_point.address,
        });
        Ok(())
    }
}

/// The suffix that an attested operation carries.
fn suffix_of(operation: &UserOperation) -> Result<Suffix, DevError> {
    match Suffix::split(&operation.signature) {
        Ok(Some((_, suffix))) => Ok(suffix),
        Ok(None) => Err(DevError::unexpected("writ_attest attached nothing")),
        Err(error) => Err(DevError::unexpected(format!("writ_attest: {error}"))),
    }
}

/// Has the owner sign `operation` and hangs another operation's suffix behind the signature.
fn carry(
    wallet: &Wallet,
    operation: UserOperation,
    suffix: &Suffix,
) -> Result<UserOperation, DevError> {
    let mut signed = wallet.sign(operation)?;
    signed.signature = attach(&signed.signature, suffix)
        .map_err(|error| DevError::unexpected(format!("attaching: {error}")))?;
    Ok(signed)
}

fn parse<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> Result<T, DevError> {
    serde_json::from_value(value.clone())
        .map_err(|error| DevError::unexpected(format!("{error} in {value}")))
}

fn say(failure: &RpcFailure) -> String {
    format!("{} {}", failure.code, failure.message)
}

fn say_refusal(refusal: &EntryPointRefusal) -> String {
    match refusal.selector().and_then(module_error) {
        Some(name) => format!("{}: {name}", refusal.reason),
        None if refusal.inner.is_empty() => refusal.reason.clone(),
        None => format!("{}: {}", refusal.reason, refusal.inner),
    }
}

/// Name of an error of the module.
fn module_error(selector: FixedBytes<4>) -> Option<&'static str> {
    WritModule::WritModuleErrors::name_by_selector(selector.0)
}

fn refused_unexpectedly(title: &str, failure: &RpcFailure) -> DevError {
    DevError::unexpected(format!("{title}: {} {}", say(failure), failure.data))
}
