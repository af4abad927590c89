//! Owners that are contracts, traced in the real module and EntryPoint: which pass, and by which rule the others do not.

use alloy::primitives::{Address, B256, Bytes, U256, hex, keccak256};
use writ_bindings::{
    MODE_ENFORCE, WritModule, dev_account_creation_code, installation_data, module_address,
    module_creation_code,
};
use writ_node::owner::{
    OwnerReport, OwnerResult, OwnerSubject, OwnerTraceError, RunOutcome, trace,
};
use writ_policy::policy_commitment;
use writ_simulation::{Simulator, test_utils::TestChain};
use writ_tests::{
    asking, clone_of, contract_owner, creation_of, deploy_deterministically, index_of, owner_data,
    signature_of, stub, wallet, weighted, weighted_owners,
};
use writ_types::{EntryPoint, EntryPointVersion};

const ACCOUNT: Address = Address::repeat_byte(0xac);

/// A chain with a module, an EntryPoint and the checks of owners.
struct Chain {
    chain: TestChain,
    entry_point: EntryPoint,
    contract_owner: Address,
    weighted_owners: Address,
}

impl Chain {
    fn new(version: EntryPointVersion) -> Option<Self> {
        let (mut chain, entry_point) = TestChain::with_entry_point(version)?;
        let module = deploy_deterministically(&mut chain, &module_creation_code());
        assert_eq!(module, module_address());
        let contract_owner = contract_owner(&mut chain);
        let weighted_owners = weighted_owners(&mut chain);
        Some(Self { chain, entry_point, contract_owner, weighted_owners })
    }

    fn v08() -> Self {
        Self::new(EntryPointVersion::V08).expect("a package")
    }

    fn deploy(&mut self, runtime: &[u8]) -> Address {
        self.chain.create(creation_of(runtime))
    }

    fn subject(&mut self, validator: Address, data: &[u8]) -> OwnerSubject {
        let owner = owner_data(&mut self.chain, data);
        let entry_point = self.entry_point;
        OwnerSubject { account: ACCOUNT, module: module_address(), entry_point, validator, owner }
    }

    async fn try_trace(
        &self,
        subject: &OwnerSubject,
        stub: Bytes,
        sign: Option<&dyn Fn(B256) -> Bytes>,
    ) -> Result<OwnerReport, OwnerTraceError> {
        let (simulator, block) = (Simulator::default(), self.chain.pin());
        let first = trace(&simulator, &block, subject, &stub, None).await?;
        let Some(sign) = sign else { return Ok(first) };
        let signature = sign(first.operation_hash);
        let second = trace(&simulator, &block, subject, &stub, Some(&signature)).await?;
        assert_eq!(first.operation_hash, second.operation_hash);
        assert_eq!(first.runs[0], second.runs[0]);
        Ok(second)
    }

    /// The owner at `wallet` under ContractOwner, with a signature that it accepts.
    async fn of_wallet(&mut self, wallet: Address) -> OwnerReport {
        let subject = self.subject(self.contract_owner, wallet.as_slice());
        let sign = |hash: B256| Bytes::from(hash.to_vec());
        self.try_trace(&subject, stub(), Some(&sign)).await.expect("traced")
    }

    /// The same with a wallet that does `first` before it answers.
    async fn doing(&mut self, first: &[u8]) -> OwnerReport {
        let wallet = self.deploy(&wallet(first));
        self.of_wallet(wallet).await
    }
}

fn rules(report: &OwnerReport) -> Vec<String> {
    let mut rules: Vec<_> = report
        .runs
        .iter()
        .flat_map(|run| &run.violations)
        .map(|violation| violation.rule.to_string())
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_with_its_key_in_its_code_passes_on_every_entry_point() {
    for version in [EntryPointVersion::V07, EntryPointVersion::V08, EntryPointVersion::V09] {
        let Some(mut chain) = Chain::new(version) else { continue };
        let owner = chain.deploy(&wallet(&[]));
        let report = chain.of_wallet(owner).await;
        assert_eq!(report.result, OwnerResult::Passes, "v{version}: {report}");
        assert_eq!(report.violations, [""; 0]);
        let outcomes: Vec<_> = report.runs.iter().map(|run| run.outcome).collect();
        assert_eq!(outcomes, [RunOutcome::Rejected, RunOutcome::Accepted]);
        for run in &report.runs {
            assert!(run.touched.contains(&owner) && run.touched.contains(&chain.contract_owner));
        }
        let block = chain.chain.pin();
        assert_eq!(report.owner_validator, chain.contract_owner);
        for at in [owner, report.owner, report.owner_validator, report.module] {
            let code_hash = block.account(at).await.unwrap().code_hash;
            let entry = report.code.iter().find(|entry| entry.address == at);
            assert_eq!(entry.map(|entry| entry.code_hash), Some(code_hash), "{at}");
        }
        // Nothing that was only pretended.
        for entry in &report.code {
            assert!(block.account(entry.address).await.unwrap().code_hash == entry.code_hash);
        }
        assert_eq!(report.owner_data, Bytes::copy_from_slice(owner.as_slice()));
        assert_eq!(report.refusal(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_rule_is_named_by_it() {
    let mut chain = Chain::v08();
    let reader = chain.deploy(&hex!("600754505f5ff3"));
    let nobody = Address::repeat_byte(0x0d);
    for (first, rule, said) in [
        (hex!("4250").to_vec(), "OP-011", "TIMESTAMP"),
        (hex!("5a50").to_vec(), "OP-012", "GAS"),
        (hex!("3031" "50").to_vec(), "OP-080", "BALANCE"),
        (asking(nobody), "OP-041", "address without code"),
        (asking(Address::with_last_byte(0x12)), "OP-062", "0x12"),
        (hex!("600754" "50").to_vec(), "STO-033", "slot 0x7"),
        (asking(reader), "STO-033", "slot 0x7"),
    ] {
        let report = chain.doing(&first).await;
        assert_eq!(report.result, OwnerResult::Violates, "{rule}: {report}");
        assert_eq!(rules(&report), [rule], "{report}");
        // With the stub and with the signature.
        assert_eq!(report.violations.len(), 2, "{report}");
        for (run, sentence) in report.runs.iter().zip(&report.violations) {
            assert!(sentence.starts_with(&format!("{rule}: with the {}", run.with)), "{sentence}");
            assert!(sentence.contains(said), "{said}: {sentence}");
        }
        let refusal = report.refusal().expect("refused");
        assert!(refusal.contains(rule) && refusal.contains("1 more"), "{refusal}");
    }
    // Whose storage it is stands in the sentence.
    let report = chain.doing(&asking(reader)).await;
    assert!(report.violations[0].contains(&reader.to_string()), "{report}");
    // A precompile that every chain has is no violation.
    let report = chain.doing(&asking(Address::with_last_byte(4))).await;
    assert_eq!(report.result, OwnerResult::Passes, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_behind_a_proxy_is_judged_and_named() {
    let mut chain = Chain::v08();
    let good = chain.deploy(&wallet(&[]));
    let clone = chain.deploy(&clone_of(good));
    let report = chain.of_wallet(clone).await;
    assert_eq!(report.result, OwnerResult::Passes, "{report}");
    for at in [clone, good] {
        assert!(report.code.iter().any(|entry| entry.address == at), "{at} is not named");
    }
    let bad = chain.deploy(&wallet(&hex!("4250")));
    let clone = chain.deploy(&clone_of(bad));
    assert_eq!(rules(&chain.of_wallet(clone).await), ["OP-011"]);

    // A proxy that can be upgraded: DELEGATECALL to what its slot 7 holds.
    let upgradeable = hex!("365f5f375f5f365f6007545af4503d5f5f3e3d5ff3");
    let proxy = chain.deploy(&upgradeable);
    chain.chain.state_mut().set_slot(proxy, U256::from(7), good.into_word().into());
    let report = chain.of_wallet(proxy).await;
    assert_eq!(rules(&report), ["STO-033"], "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_may_ask_the_account_whose_own_code_answers() {
    let mut chain = Chain::v08();
    // The account's storage is its own: STO-010.
    chain.chain.put(ACCOUNT, Bytes::from_static(&hex!("5f5450" "00")));
    let report = chain.doing(&asking(ACCOUNT)).await;
    assert_eq!(report.result, OwnerResult::Passes, "{report}");
    assert!(report.code.iter().any(|entry| entry.address == ACCOUNT), "it decided as well");
    chain.chain.put(ACCOUNT, Bytes::from_static(&hex!("4250" "00")));
    let report = chain.doing(&asking(ACCOUNT)).await;
    assert_eq!(rules(&report), ["OP-011"], "{report}");
    assert!(report.violations[0].contains(&format!("at the account {ACCOUNT}")), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_signature_the_trace_is_not_complete() {
    let mut chain = Chain::v08();
    let owner = chain.deploy(&wallet(&[]));
    let subject = chain.subject(chain.contract_owner, owner.as_slice());
    let report = chain.try_trace(&subject, stub(), None).await.unwrap();
    assert_eq!(report.result, OwnerResult::StubOnly);
    assert!(report.to_string().contains(&report.operation_hash.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_use_the_owner_is_told_so() {
    let mut chain = Chain::v08();
    let owner = chain.deploy(&wallet(&[]));
    let subject = chain.subject(chain.contract_owner, owner.as_slice());
    let wrong = |hash: B256| Bytes::from(keccak256(hash).to_vec());
    let report = chain.try_trace(&subject, stub(), Some(&wrong)).await.unwrap();
    assert_eq!(report.result, OwnerResult::Unusable);
    let refusal = report.refusal().expect("refused");
    assert!(refusal.contains(&report.operation_hash.to_string()), "{refusal}");

    // Says yes to everything that has a first word.
    let gullible = hex!("6064351515" "63" "1626ba7e" "60e01b025f5260205ff3");
    let gullible = chain.deploy(&gullible);
    let report = chain.of_wallet(gullible).await;
    assert_eq!(report.result, OwnerResult::Unusable);
    assert!(report.refusal().expect("refused").contains("accepts the stub"), "{report}");

    // Never answers.
    let silent = chain.deploy(&hex!("5f5ffd"));
    let report = chain.of_wallet(silent).await;
    assert_eq!(report.result, OwnerResult::Unusable);
    assert!(report.refusal().expect("refused").contains("fails instead of answering"), "{report}");

    // Burns what it gets: 0x5b600056 loops for ever.
    let burning = chain.deploy(&hex!("5b600056"));
    let subject = chain.subject(chain.contract_owner, burning.as_slice());
    let report = chain.try_trace(&subject, stub(), None).await.unwrap();
    assert_eq!(report.result, OwnerResult::Violates);
    assert!(rules(&report).contains(&"OP-020".to_owned()), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_module_does_not_take_is_refused_before() {
    let mut chain = Chain::v08();
    let owner = chain.deploy(&wallet(&[]));
    let subject = chain.subject(chain.contract_owner, owner.as_slice());
    for (change, said) in [
        (OwnerSubject { validator: owner, ..subject }, "no stateless validator"),
        (OwnerSubject { owner, ..subject }, "no data contract"),
        (OwnerSubject { validator: Address::repeat_byte(1), ..subject }, "--owner-validator"),
        (OwnerSubject { module: Address::repeat_byte(1), ..subject }, "--module"),
    ] {
        let error = chain.try_trace(&change, stub(), None).await.expect_err(said);
        assert!(error.to_string().contains(said), "{error}");
    }
    // ContractOwner itself refuses who accepts an empty signature.
    let agreeing = chain.deploy(&hex!("63" "1626ba7e" "60e01b5f5260205ff3"));
    let subject = chain.subject(chain.contract_owner, agreeing.as_slice());
    let error = chain.try_trace(&subject, stub(), None).await.expect_err("refused");
    assert!(matches!(error, OwnerTraceError::Configuration(_)), "{error}");
    assert!(error.to_string().contains("OwnerAcceptsAnything"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_traced_for_those_who_sign() {
    let mut chain = Chain::v08();
    let owner = chain.deploy(&wallet(&[]));
    let member = (chain.contract_owner, owner.to_vec());
    let list = weighted(1, &[(Address::ZERO, Address::repeat_byte(0xee).to_vec()), member.clone()]);
    let index = index_of(&list, member.0, &member.1);
    let subject = chain.subject(chain.weighted_owners, &list);
    let sign = |hash: B256| signature_of(index, hash.as_slice());
    let report =
        chain.try_trace(&subject, signature_of(index, &stub()), Some(&sign)).await.unwrap();
    assert_eq!(report.result, OwnerResult::Passes, "{report}");
    for at in [owner, chain.contract_owner, chain.weighted_owners] {
        assert!(report.runs.iter().all(|run| run.touched.contains(&at)), "{at}: {report}");
    }
    // Where the contract did not sign, the report does not say that it was asked.
    let key = signature_of(1 - index, &[0x7f; 65]);
    let report = chain.try_trace(&subject, key, None).await.unwrap();
    assert!(!report.runs[0].touched.contains(&owner), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_enforced_can_be_traced_with_another_owner() {
    let mut chain = Chain::v08();
    let operators = [&[0], Address::repeat_byte(1).as_slice()].concat();
    let operator_set = chain.deploy(&operators);
    let policy = WritModule::PolicyReference {
        policyId: B256::repeat_byte(1),
        parameters: Bytes::from_static(b"p"),
    };
    let configuration = WritModule::Configuration {
        owner: Address::repeat_byte(0x0e),
        ownerValidator: Address::ZERO,
        entryPoint: chain.entry_point.address,
        registry: Address::ZERO,
        operatorSet: operator_set,
        operatorSetCodeHash: keccak256(&operators),
        policy: policy_commitment(&[(policy.policyId, keccak256(&policy.parameters))]),
        threshold: 1,
        leastOperators: 1,
        level: 1,
        mode: MODE_ENFORCE,
        exitDelay: 3_600,
        epoch: 0,
        readsHistory: false,
    };
    let module = module_address();
    let data = installation_data(&configuration, &[policy]);
    let code = dev_account_creation_code(chain.entry_point.address, module, data, module);
    let account = chain.chain.create(code);
    let owner = chain.deploy(&wallet(&[]));
    let subject = OwnerSubject { account, ..chain.subject(chain.contract_owner, owner.as_slice()) };
    let sign = |hash: B256| Bytes::from(hash.to_vec());
    let report = chain.try_trace(&subject, stub(), Some(&sign)).await.unwrap();
    assert_eq!(report.result, OwnerResult::Passes, "{report}");
    let clock = chain.deploy(&wallet(&hex!("4250")));
    let subject = OwnerSubject { account, ..chain.subject(chain.contract_owner, clock.as_slice()) };
    let report = chain.try_trace(&subject, stub(), Some(&sign)).await.unwrap();
    assert_eq!(rules(&report), ["OP-011"], "{report}");
}
